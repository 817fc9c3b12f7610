"""What goes back: JSON as fast as msgspec makes it, errors in one shape, headers that keep a browser from guessing."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any
from urllib.parse import quote

import msgspec
from starlette.responses import Response

from sensing.access import ForbiddenError
from sensing.errors import Exit, SensingError
from sensing.query.answer import ROW

encode = msgspec.json.Encoder().encode
STATUS = {
    Exit.VALIDATION: 422,
    Exit.NOT_FOUND: 404,
    Exit.CONFLICT: 409,
    Exit.USAGE: 400,
    Exit.UNREACHABLE: 503,
    Exit.TIMED_OUT: 504,
    Exit.CHECK_FAILED: 422,
}
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
)
"""On every answer that does not set its own."""
NDJSON = "application/x-ndjson"
BOM = b"\xef\xbb\xbf"
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9._-]")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Answer(msgspec.Struct):
    """Data with a status other than 200."""

    data: Any
    status: int = 200


def json_response(data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(encode(data), status, headers, "application/json")


def error_response(what: str, hint: str, code: int, status: int, headers: Mapping[str, str] | None = None) -> Response:
    """`code` is the exit code that a command ends with on this error."""
    return json_response({"error": what, "hint": hint, "code": int(code)}, status, headers)


def refusal_response(error: SensingError) -> Response:
    """An error that we raised on purpose."""
    status = 403 if isinstance(error, ForbiddenError) else STATUS.get(error.exit_code, 500)
    return error_response(error.what, error.hint, error.exit_code, status)


def page(items: Sequence[Any], following: str | None = None, **more: Any) -> dict[str, Any]:
    """One page of a list; `next` is what to give as `cursor` for the page after, null on the last."""
    return {"items": items, "next": following, **more}


def public(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the store without what only we need."""
    row.pop("seq", None)
    row.pop("time_us", None)
    return row


def attachment(name: str) -> dict[str, str]:
    """The header that makes a browser keep an answer as a file of this name, whatever is in the name (RFC 6266, RFC 8187)."""
    plain = _NOT_PLAIN.sub("_", name)[:100] or "file"
    told = f'attachment; filename="{plain}"'
    return {
        "content-disposition": told
        if plain == name
        else f"{told}; filename*=UTF-8''{quote(name[:200].encode('utf-8', 'replace'), safe='')}"
    }


def marked(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """CSV with the mark that makes Excel read UTF-8."""
    return chain([BOM], pieces)


def ndjson(rows: Iterable[dict[str, Any]]) -> bytes:
    return b"".join(encode(row) + b"\n" for row in rows)


def csv_pages(pages: Iterable[Sequence[dict[str, Any]]]) -> Iterator[bytes]:
    """Rows of observations as CSV, a page at a time, header first."""
    sheet = io.StringIO()
    writer = csv.writer(sheet, lineterminator="\n")
    writer.writerow(ROW)
    for rows in pages:
        writer.writerows([_cell(row.get(name)) for name in ROW] for row in rows)
        yield sheet.getvalue().encode()
        sheet.seek(0)
        sheet.truncate()
    if sheet.tell():
        yield sheet.getvalue().encode()


def _cell(value: Any) -> Any:
    """A text cell that a spreadsheet would take for a formula gets a quote before it."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
