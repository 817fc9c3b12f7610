"""watch: the live city in the whole terminal."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from .root import EPILOG, data_folder

app = typer.Typer()


@app.command(epilog=EPILOG)
def watch(
    text: Annotated[str, typer.Argument(metavar="[TEXT]", help="Only things with these words in id, name, type or area")] = "",
    severity: Annotated[str, typer.Option(help="This severity or higher: watch, warning, danger")] = "",
    domain: Annotated[str, typer.Option(help="people, city, environment, industry or safety")] = "",
    run: Annotated[str | None, typer.Option(help="A run's id; live data and the service's own demo when left out")] = None,
) -> None:
    """全屏值守。Watch the city in the whole terminal: things by severity, events, dead letters, the ledger. `q` leaves.

    Example: `sensing watch 漳州 --severity warning`
    """
    from sensing.errors import SensingError, UsageError
    from sensing.tui.city import DOMAINS, SEVERITIES, Wanted, rank

    from .client import connect

    if severity and severity not in SEVERITIES:
        raise UsageError(f'--severity "{severity}" is not a severity', f"write {', '.join(SEVERITIES)}")
    if domain and domain not in DOMAINS:
        raise UsageError(f'--domain "{domain}" is not a domain', f"write {', '.join(DOMAINS)}")
    if not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):  # it is drawn on stderr
        raise UsageError("watch needs a terminal", "`sensing tail` writes the same to a pipe")

    from sensing.tui.feed import Follower
    from sensing.tui.panes import Questions
    from sensing.tui.screen import WatchApp

    data = data_folder()

    def reach() -> object:
        return connect(data, network=True)

    screen = WatchApp(Follower(reach, run), Questions(reach), Wanted(text, rank(severity), domain))  # type: ignore[arg-type]
    screen.run()
    if isinstance(screen.failure, SensingError):
        raise screen.failure
