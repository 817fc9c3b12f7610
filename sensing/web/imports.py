"""Files of devices: taken in with a preview, explained row by row while they are read, and taken back."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from starlette.responses import StreamingResponse

from sensing import times
from sensing.errors import SensingError, ValidationError
from sensing.registry.export import EVERY_COLUMN
from sensing.registry.outcomes import Imported, OnExists, Outcome, Verdict
from sensing.registry.sheets import Sheet, glance

from .answers import NDJSON, page
from .ask import Ask
from .desk import Desk
from .devices import broker
from .quarantine import claim_all
from .scope import areas_of

_LINE = msgspec.json.Encoder()
_TOLD = frozenset((Verdict.CHANGED, Verdict.SKIPPED, Verdict.BAD))


def take(desk: Desk, ask: Ask) -> StreamingResponse:
    """The body is the file. Answers line by line: progress with the rows that are worth a word, passwords, and the import last."""
    if ask.upload is None:
        raise ValidationError("there is no file", "send it as the body of the request")
    with contextlib.ExitStack() as opened:
        file = opened.enter_context(ask.upload)
        on_exists = OnExists(ask.choice("on_exists", *OnExists))
        preview = ask.flag("dry_run")
        sheet = opened.enter_context(contextlib.closing(Sheet(file, _chosen(ask))))
        found = desk.registry.import_devices(
            sheet.lines(), name=ask.text("name") or "upload", actor=ask.actor, on_exists=on_exists, preview=preview
        )
        after = (lambda: None) if preview else (lambda: claim_all(desk, ask))
        return StreamingResponse(_lines(broker(desk), after, sheet, found, opened.pop_all()), media_type=NDJSON)


def look(_desk: Desk, ask: Ask) -> dict[str, Any]:
    """Which column each header of a file is taken for, with a few of its rows; nothing is read beyond them, nothing is kept."""
    if ask.upload is None:
        raise ValidationError("there is no file", "send it as the body of the request")
    with ask.upload as file:
        found = glance(file, _chosen(ask))
    return {"row": found.row, "headers": found.headers, "columns": found.columns, "samples": found.samples, "known": EVERY_COLUMN}


def _chosen(ask: Ask) -> dict[str, str]:
    """`columns={"header": "column"}`: what a person says that headers are. Raises ValidationError."""
    text = ask.text("columns")
    try:
        return msgspec.json.decode(text, type=dict[str, str]) if text else {}
    except msgspec.DecodeError:
        raise ValidationError("columns is not JSON", 'write {"header": "column"}') from None


def _lines(
    address: str, after: Callable[[], Any], sheet: Sheet, found: Iterator[list[Outcome] | Imported], opened: contextlib.ExitStack
) -> Iterator[bytes]:
    """after: what is done once the devices are known; it answers what waited for them in quarantine."""
    done = 0
    try:
        for each in found:
            if isinstance(each, Imported):
                more = {"blank": sheet.blank, "unknown": sheet.unknown, "quarantine": after()}
                yield _LINE.encode({"import": told(each) | more}) + b"\n"
                continue
            done += len(each)
            rows = [_told_row(outcome) for outcome in each if outcome.verdict in _TOLD]
            fresh = [
                {
                    "id": outcome.id,
                    "username": outcome.credential.username,
                    "password": outcome.credential.password,
                    "broker": address,
                }
                for outcome in each
                if outcome.credential is not None
            ]
            yield _LINE.encode({"done": done, "rows": rows, "credentials": fresh}) + b"\n"
    except SensingError as error:  # the status has gone out: the error is the last line
        yield _LINE.encode({"error": error.what, "hint": error.hint, "code": int(error.exit_code)}) + b"\n"
    finally:
        opened.close()


def imports(desk: Desk, ask: Ask) -> dict[str, Any]:
    """The newest imports, newest first; one who is bound to areas sees their own."""
    found = desk.registry.list_imports(ask.number("limit", 100, 1, 1_000))
    return page([told(each) for each in found if not areas_of(ask) or each.by == ask.actor.name])


def undo(desk: Desk, ask: Ask) -> dict[str, Any]:
    """Take an import back; `force` also over later changes."""
    return told(desk.registry.undo_import(ask.path["id"], actor=ask.actor, force=ask.fields().get("force") is True))


def told(each: Imported) -> dict[str, Any]:
    """An import as it is listed."""
    return {"id": each.id, "at": times.rfc3339(each.at), "by": each.by, "name": each.name, "state": each.state, **each.counts}


def _told_row(outcome: Outcome) -> dict[str, Any]:
    return {
        "row": outcome.row, "id": outcome.id, "verdict": outcome.verdict, "what": outcome.what, "hint": outcome.hint,
        "changes": outcome.changes, "cells": outcome.cells,
    }  # fmt: skip
