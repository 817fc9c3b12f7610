"""device import, undo, imports: spreadsheets of devices, previewed, explained row by row, and taken back."""

from __future__ import annotations

import contextlib
import csv
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer

from .root import EPILOG, data_folder

app = typer.Typer()

_ROW = ("row", "id", "verdict", "what", "hint", "changes")
_LISTED = ("id", "at", "by", "name", "state", "new", "changed", "same", "skipped", "bad")
_CREDENTIAL = ("id", "username", "password", "broker")
_PRIVATE = 0o600
_SHOWN = 30
"""Rows that a table shows; the errors file has all."""


@app.command("import", epilog=EPILOG)
def import_(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="A .csv or .xlsx file, or - for stdin; or the word undo")],
    undone: Annotated[str, typer.Argument(metavar="IMPORT", help="After undo: the import to take back")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen to each row, do nothing")] = False,
    credentials: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where the passwords of new devices go: a new file, readable by you alone")
    ] = None,
    on_exists: Annotated[
        str, typer.Option(metavar="update|skip|error", help="What to do with a known device that differs")
    ] = "update",
    errors: Annotated[Path | None, typer.Option(metavar="BAD.csv", help="Write the bad rows there, with reason and hint")] = None,
) -> None:
    """批量导入设备。Take in a spreadsheet of devices: Chinese or English headers, any delimiter, UTF-8 or GB18030, CSV or XLSX.

    Good rows go in together, bad ones are explained and disturb nothing; the exit code is 3 when there are any. Importing an export
    changes nothing. `device undo` takes an import back whole.

    Example: `sensing device import gauges.xlsx --dry-run --errors bad.csv`
    """
    from sensing.errors import UsageError

    from .client import connect

    if file == "undo" and undone:
        undo(undone)
        return
    if undone:
        raise UsageError(f'"{undone}" is one file too many', "one import is one file")
    with _source(file) as source, _private(credentials) as passwords, connect(data_folder()) as client:
        query = {"dry_run": dry_run or None, "on_exists": on_exists, "name": Path(file).name}
        answer = _followed(client.upload("/api/devices/import", source, **query), _lines_in(source), passwords)
    bad = [row for row in answer["rows"] if row["verdict"] == "bad"]
    if errors is not None:
        _write_bad(errors, bad)
    _show(answer, errors, dry_run=dry_run)
    if bad:
        raise typer.Exit(3)


@app.command(epilog=EPILOG)
def undo(
    identity: Annotated[
        str, typer.Argument(metavar="IMPORT", help="The import's id, as it was printed and as `device imports` lists it")
    ],
    force: Annotated[bool, typer.Option("--force", help="Also over devices that were changed since")] = False,
) -> None:
    """撤销导入。Take an import back: what it made is gone, what it changed is as it was before.

    Example: `sensing device undo i-4f7q2c9d1e`
    """
    from .client import connect, segment
    from .output import show_one, talk
    from .words import say

    with connect(data_folder()) as client:
        answer = client.post(f"/api/imports/{segment(identity)}/undo", {"force": force})
    talk(say("import_undone", id=identity))
    show_one(answer, _LISTED)


@app.command(epilog=EPILOG)
def imports() -> None:
    """列出导入。List the imports, newest first.

    Example: `sensing device imports`
    """
    from .client import connect
    from .output import show_rows

    with connect(data_folder()) as client:
        show_rows(client.items("/api/imports"), _LISTED)


def _followed(lines: Iterator[Mapping[str, Any]], total: int | None, passwords: Any) -> dict[str, Any]:
    """The service's lines as one answer, with a bar while they come; passwords leave for their file at once."""
    from .bar import bar
    from .words import say

    answer: dict[str, Any] = {"rows": [], "credentials": []}
    with bar(say("importing"), total) as step:
        for line in lines:
            if "import" in line:
                answer |= line["import"]
                continue
            step(line["done"])
            answer["rows"] += line["rows"]
            if passwords is None:
                answer["credentials"] += line["credentials"]
            else:
                passwords.writerows(line["credentials"])
    return answer


def _show(answer: dict[str, Any], errors: Path | None, *, dry_run: bool) -> None:
    from .output import layout, show_one, show_rows, table, talk
    from .words import say

    counts = {name: answer[name] for name in ("new", "changed", "same", "skipped", "bad")}
    if layout() == "json":
        for row in answer["rows"]:
            row.pop("cells")
        show_one(answer)
    elif layout() == "table":
        if answer["rows"]:
            table(answer["rows"][:_SHOWN], _ROW)
        if len(answer["rows"]) > _SHOWN:
            talk(say("rows_more", count=len(answer["rows"]) - _SHOWN))
        if answer["credentials"] and not dry_run:
            table(answer["credentials"], _CREDENTIAL)
            talk(say("password_once"))
    else:
        show_rows(answer["rows"], _ROW)
    for name in answer["unknown"]:
        talk(say("column_unknown", name=name))
    talk(say("import_would" if dry_run else "imported", **counts))
    if waited := answer.get("quarantine"):
        talk(say("claiming", **waited))
    if not dry_run and (answer["new"] or answer["changed"]):
        talk(say("import_undo", id=answer["id"]))
    if errors is not None and answer["bad"]:
        talk(say("bad_rows_in", file=errors))


@contextlib.contextmanager
def _source(file: str) -> Iterator[BinaryIO]:
    """The file, or stdin. Raises NotFoundError, UsageError."""
    from sensing.errors import NotFoundError

    if file == "-":
        yield sys.stdin.buffer
        return
    try:
        with Path(file).open("rb") as source:
            yield source
    except OSError as error:
        raise NotFoundError(f"{file}: {error.strerror}", "name a .csv or .xlsx file, or - for stdin") from None


@contextlib.contextmanager
def _private(path: Path | None) -> Iterator[Any]:
    """A CSV writer over a new file that only its owner can read; None without a path. An empty one is taken away again."""
    from sensing.errors import ConflictError

    if path is None:
        yield None
        return
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _PRIVATE)
    except OSError as error:
        raise ConflictError(f"{path}: {error.strerror}", "passwords never go into a file that is there: name a new one") from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, _CREDENTIAL)
            writer.writeheader()
            header = file.tell()
            yield writer
            wrote = file.tell() > header
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    if not wrote:
        path.unlink()


def _lines_in(source: BinaryIO) -> int | None:
    """About how many rows a file has; None when it cannot be told without reading it up."""
    if not source.seekable() or source.read(4) == b"PK\x03\x04":
        count = None
    else:
        count = sum(chunk.count(b"\n") for chunk in iter(lambda: source.read(1 << 20), b""))
    if source.seekable():
        source.seek(0)
    return count


def _write_bad(path: Path, bad: Sequence[Mapping[str, Any]]) -> None:
    """Bad rows as they stood, with what was wrong: to be mended and imported again. No file when there are none."""
    if not bad:
        path.unlink(missing_ok=True)
        return
    columns = dict.fromkeys(name for row in bad for name in row["cells"])
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, [*columns, "row", "reason", "hint"])
        writer.writeheader()
        writer.writerows({**row["cells"], "row": row["row"], "reason": row["what"], "hint": row["hint"]} for row in bad)
