"""dlq: frames, or parts of frames, that could not be read. Nothing is lost: each can be redriven once its cause is mended."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from .root import EPILOG, data_folder

app = typer.Typer(help="死信：读不懂的报文。Dead letters: what could not be read, and why.", no_args_is_help=True)
Reason = Annotated[str | None, typer.Option(help="Only this reason (docs/operate.md lists them)")]
Ids = Annotated[str | None, typer.Option(help="Ids between commas, or - for NDJSON or ids on stdin")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say which, do nothing")]
_TRIED = ("id", "adapter", "principal", "reason", "becomes", "still", "detail")
_LISTED = ("id", "adapter", "principal", "device", "reason", "detail", "attempts")


@app.command("list", epilog=EPILOG)
def list_(
    reason: Reason = None,
    number: Annotated[int, typer.Option("-n", min=1, help="At most so many")] = 1000,
) -> None:
    """列出死信。List open dead letters in the order in which they arrived.

    Example: `sensing dlq list --reason bad_checksum`
    """
    from .output import show_rows

    show_rows(_some(reason, number), _LISTED, empty="no_dead_letters")


@app.command(epilog=EPILOG)
def show(letter: Annotated[str, typer.Argument(metavar="ID", help="The id, as `dlq list` shows it")]) -> None:
    """查看死信。Show a dead letter with its frame byte by byte, the byte that was wrong, the reason and what to do.

    Example: `sensing dlq show 1042.0`
    """
    from .annotated import spans_of, view
    from .client import connect, segment
    from .hexdump import dump
    from .output import block, layout, show_one, write
    from .words import both

    with connect(data_folder()) as client:
        answer = client.get(f"/api/dead-letters/{segment(letter)}")
    if layout() != "table":
        show_one(answer)
        return
    frame = answer.get("frame") or {}
    text = str(frame.get("hex") or "")
    remedy = answer.get("remedy")
    told = {name: value for name, value in answer.items() if name not in {"frame", "remedy", "spans"}}
    block(told | {name: frame[name] for name in ("received", "topic", "size") if name in frame} | {"remedy": both(remedy)})
    if not text:
        return
    if answer.get("spans"):
        write("\n" + view(bytes.fromhex(text), spans_of(answer["spans"])))
        return
    offset, length = int(answer.get("offset") or 0), int(answer.get("length") or 0)
    write("\n" + dump(bytes.fromhex(text), offset, length if offset or length else None))


@app.command(epilog=EPILOG)
def redrive(reason: Reason = None, ids: Ids = None, dry_run: DryRun = False) -> None:
    """重投死信。Send dead letters through the whole path again: all, those of a reason, or those named. Twice stores once.

    With `--dry-run` it says what would become of each: decoded, or the reason that would still hold it.

    Example: `sensing dlq list --reason unknown_function -o ndjson | sensing dlq redrive --ids - --dry-run`
    """
    _command("redrive", reason, ids, dry_run=dry_run)


@app.command(epilog=EPILOG)
def drop(
    reason: Reason = None,
    ids: Ids = None,
    dry_run: DryRun = False,
    why: Annotated[str, typer.Option(help="Why; the audit log keeps it")] = "by hand",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask")] = False,
) -> None:
    """放弃死信。Close dead letters: all, those of a reason, or those named. Their frames stay in the log as long as all others.

    Example: `sensing dlq drop --reason not_utf8 --yes`
    """
    from .output import sure
    from .words import say

    if not dry_run:
        sure(say("drop_sure", what=ids or reason or say("all")), yes=yes)
    _command("drop", reason, ids, dry_run=dry_run, why=why)


def _some(reason: str | None, number: int, *, again: bool = False) -> list[dict[str, Any]]:
    from .client import connect

    found: list[dict[str, Any]] = []
    with connect(data_folder()) as client:
        for page in client.pages("/api/dead-letters", reason=reason, limit=min(number, 1000), again=1 if again else None):
            found += page
            if len(found) >= number:
                break
    return found[:number]


def _command(op: str, reason: str | None, ids: str | None, *, dry_run: bool, why: str = "") -> None:
    from .client import connect
    from .commands import obey
    from .output import show_rows, talk
    from .words import say

    named = None if ids is None else list(_named(ids))
    if dry_run:
        again = op == "redrive"
        rows = [row for row in _some(reason, 1_000_000, again=again) if named is None or row["id"] in named]
        show_rows(rows, _TRIED if again else _LISTED, empty="no_dead_letters")
        talk(say("would", count=len(rows), op=op))
        return
    args: dict[str, Any] = {"reason": reason} if reason else {}
    if named is not None:
        args["places"] = named
    if why:
        args["why"] = why
    with connect(data_folder()) as client:
        obey(client, op, args)


def _named(ids: str) -> list[str]:
    """Ids `PLACE.PART`, from the words themselves or from stdin; raises UsageError naming the first that is none."""
    import json

    from sensing.errors import UsageError

    words = sys.stdin.read().splitlines() if ids == "-" else ids.split(",")
    found = []
    for word in (word.strip() for word in words):
        if not word:
            continue
        name = str(json.loads(word).get("id")) if word.startswith("{") else word
        place, _, part = name.partition(".")
        if not (place.isdigit() and (part or "0").isdigit()):
            raise UsageError(f'"{name}" is not the id of a dead letter', "`sensing dlq list` shows them, such as 1042.0")
        found.append(f"{place}.{part or 0}")
    return found
