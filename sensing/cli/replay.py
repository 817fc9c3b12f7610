"""replay: real traffic once more, to ourselves as a run of its own or to any broker."""

from __future__ import annotations

from typing import Annotated

import typer

from .root import EPILOG, data_folder

app = typer.Typer()
_SHOWN = ("run", "storm", "sent", "ratio", "whole_s")


@app.command(epilog=EPILOG)
def replay(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A recording, a .nmea or .csv capture, or a shipped example's name")
    ],
    speed: Annotated[str, typer.Option(metavar="N|max", help="Recorded seconds in a real one")] = "1",
    retime: Annotated[
        str | None, typer.Option(metavar="now", help="now: the run's clock begins now; bytes stay as they are")
    ] = None,
    to: Annotated[
        str | None, typer.Option(metavar="mqtt://HOST", help="To this broker; password in SENSING_MQTT_PASSWORD")
    ] = None,
) -> None:
    """重放。Play a recording again: to ourselves, marked `replayed` and as a run of its own, or to any broker.

    Gateways and devices that a recording names are registered when they are not known. When nothing runs in the data folder, the service is
    started for it and stopped after.

    Example: `sensing replay river_deadrun_2018-06_5min --speed max`
    """
    from sensing import app as root
    from sensing import storms
    from sensing.errors import UsageError

    from .output import show_one, talk
    from .progress import Progress
    from .speeds import checked
    from .words import say

    if retime not in (None, "now"):
        raise UsageError(f'--retime "{retime}" is not known', "write --retime now, or leave it out")
    words = ["--speed", checked(speed), *(["--retime", "now"] if retime else [])]
    with Progress() as progress:
        if to:
            outcome = storms.replay_to(data_folder(), file, [*words, "--to", to], progress.show)
        else:
            outcome = storms.replay(data_folder(), file, words, root.open_registry, progress.show)
    if outcome.run:
        talk(f"▲ {say('replayed', run=outcome.run)}")
    show_one({name: getattr(outcome, name) for name in _SHOWN})
