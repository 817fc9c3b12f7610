"""backup, restore: the whole data folder in one file while the service runs, and back, with every step timed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .root import EPILOG, data_folder

if TYPE_CHECKING:
    from sensing.backup import Tell
    from sensing.backup.restore import Restored, Step

app = typer.Typer()


@app.command(epilog=EPILOG)
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Made, mode 0600; it must not be there")],
    digest: Annotated[
        bool | None, typer.Option("--digest/--no-digest", help="Reckon the store's digest; by default up to 20 million rows")
    ] = None,
) -> None:
    """备份。Write the data folder to one file while the service runs: store, log, registry, lake, archive, settings, all at one mark.

    Without secrets: no admin token, no run.json, no keys. Ctrl-C leaves nothing behind.

    Example: `sensing backup /mnt/usb/sensing-20261122.zip`
    """
    import time

    from sensing.backup.take import size, take

    from .output import layout, show_one, talk
    from .words import say

    data, began = data_folder(), time.monotonic()
    with _bar("backing_up", size(data)) as tell:
        manifest, written = take(data, file, tell, with_digest=digest)
    answer = {
        "file": str(file), "bytes": written, "taken": manifest.taken, "place": manifest.place, "commit": manifest.commit,
        "frames_after": manifest.log_head - manifest.place, "rows": manifest.rows, "digest": manifest.digest or None,
        "files": len(manifest.members), "keys_left_out": list(manifest.keys_left_out), "seconds": round(time.monotonic() - began, 3),
    }  # fmt: skip
    show_one(answer)
    if layout() == "table":
        talk(say("backed_up", file=file))
        _keys(manifest.keys_left_out)


@app.command(epilog=EPILOG)
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `sensing backup` wrote")],
    verify_only: Annotated[bool, typer.Option("--verify-only", help="Examine it and leave nothing behind")] = False,
    keys: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where audit.key and ca.key are kept: never in a backup")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Move a data folder that has something in it aside")] = False,
) -> None:
    """恢复。Make the data folder of a backup: every byte checked, opened, its digest compared, then put in place. Prints each step with its time.

    A folder that has data is not touched unless --force moves it aside. A new admin token is made.

    Example: `sensing restore /mnt/usb/sensing-20261122.zip --keys /mnt/safe --data /srv/sensing-new`
    """
    from sensing import app as root
    from sensing.backup.bundle import Bundle
    from sensing.backup.restore import restore as restored
    from sensing.backup.restore import verify

    from .output import layout, show_one, talk
    from .words import say

    data = data_folder()
    with Bundle(file) as bundle:
        total = sum(member.bytes for member in bundle.manifest.members)
    with _bar("restoring", total) as tell:
        if verify_only:
            done = verify(file, data.absolute().parent, tell, _step)
        else:
            done = restored(
                file, data, tell, _step, first_run=lambda folder: root.open_registry(folder).close(), keys=keys, force=force
            )
    if layout() != "table":
        show_one(_answer(data, done, verify_only=verify_only))
    if verify_only:
        talk(say("backup_sound"))
        return
    talk(say("restored_data", data=data))
    _keys(done.manifest.keys_left_out)
    if keys is None:
        talk(say("keys_apart"))
    talk(
        f"  {say('restore_next')}: sensing --data {data} doctor · sensing --data {data} up --detach · sensing --data {data} ledger"
    )


def _answer(data: Path, done: Restored, *, verify_only: bool) -> dict[str, object]:
    about = done.manifest
    return {
        "data": None if verify_only else str(data), "aside": done.aside or None, "taken": about.taken, "place": about.place,
        "commit": about.commit, "frames_after": about.log_head - about.place, "rows": about.rows, "digest": about.digest or None,
        "keys_left_out": list(about.keys_left_out), "steps": [{"step": s.step, "detail": s.detail, "seconds": s.seconds} for s in done.steps],
    }  # fmt: skip


def _step(step: Step) -> None:
    """A line of the drill: what was done, how long it took."""
    from .output import check, layout, printable, talk, write
    from .words import phrase

    line = f"{check(True)}  {phrase('restore_step', step.step)}  {step.seconds:.2f} s" + (
        f": {printable(step.detail)}" if step.detail else ""
    )
    if layout() == "table":
        write(line + "\n")
    else:
        talk(line)


def _keys(devices: object) -> None:
    """Whose payload keys must be given anew."""
    from collections.abc import Sequence

    from .output import talk
    from .words import say

    if isinstance(devices, Sequence) and devices:
        shown = ", ".join(map(str, devices[:10])) + (" ..." if len(devices) > 10 else "")
        talk(say("keys_left_out", count=len(devices), devices=shown))


@contextlib.contextmanager
def _bar(title: str, total: int) -> Iterator[Tell]:
    from .bar import bar
    from .words import say

    done = [0]
    with bar(say(title), max(1, total)) as show:

        def tell(_what: str, more: int) -> None:
            done[0] += more
            show(min(done[0], total))

        yield tell
