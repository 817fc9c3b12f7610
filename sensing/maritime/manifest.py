"""Lists of what ships carry, as agents and terminals send them: CSV (UTF-8 or GB18030) or a sheet's rows, Chinese or English headers. Pure.

One row a cargo. A ship is named by MMSI or by name; without an arrival the ship's newest position dates it.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from msgspec import Struct

from sensing.errors import UsageError, ValidationError
from sensing.model import Micros
from sensing.times import parse_instant

COLUMNS = ("mmsi", "name", "last_port", "un", "goods", "tonnes", "arrival")
CHINESE = ("MMSI", "船名", "上一港", "UN编号", "货名", "吨数", "预抵时间")
_WORDS: dict[str, str] = {
    **{name: name for name in COLUMNS},
    **dict(zip((text.lower() for text in CHINESE), COLUMNS, strict=True)),
    **dict.fromkeys(("船舶识别码", "识别码", "水上移动业务标识码"), "mmsi"),
    **dict.fromkeys(("vessel", "ship", "ship_name", "vessel_name", "船舶名称", "船舶", "中文船名", "英文船名"), "name"),
    **dict.fromkeys(("from", "last_port_of_call", "上港", "上一港口", "出发港", "来自"), "last_port"),
    **dict.fromkeys(("un_number", "un_no", "unno", "联合国编号", "un号"), "un"),
    **dict.fromkeys(("cargo", "goods_name", "货物", "货物名称", "品名"), "goods"),
    **dict.fromkeys(("t", "tons", "quantity", "weight", "吨", "重量", "数量"), "tonnes"),
    **dict.fromkeys(("eta", "arrives", "到港时间", "抵港时间", "靠泊时间"), "arrival"),
}
_HEADER_WITHIN = 10
_MOST_ROWS = 20_000
_MOST_TONNES = 500_000
_LARGEST_UN = 3600


class Consignment(Struct):
    """A row that could be read. line: in the file, from 1. un: None for goods that are not dangerous. arrival: None when it is not said."""

    line: int
    mmsi: str
    name: str
    last_port: str
    un: int | None
    goods: str
    tonnes: float | None
    arrival: Micros | None


class Bad(Struct):
    """A row that could not, and what to do."""

    line: int
    what: str
    hint: str


def read(data: bytes) -> Iterator[Consignment | Bad]:
    """The rows of a CSV file. Raises ValidationError for one that is no such list."""
    try:
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = data.decode("gb18030")
        except UnicodeDecodeError:
            raise ValidationError("neither UTF-8 nor GB18030", "save it as CSV UTF-8") from None
    delimiter = max(
        ",;\t", key=lambda sign: max(len(_known(line.split(sign))) for line in text.splitlines()[:_HEADER_WITHIN] or [""])
    )
    try:
        yield from consignments(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise ValidationError(f"not a CSV file: {error}", "a quote that is not closed?") from None


def consignments(table: Iterable[Sequence[Any]]) -> Iterator[Consignment | Bad]:
    """The rows of a table, its header among the first of them: cells as text, or as a workbook has them. Raises ValidationError."""
    rows = enumerate(table, 1)
    columns = _header(rows)
    for line, row in rows:
        if line > _MOST_ROWS:
            raise ValidationError(f"more than {_MOST_ROWS} rows", "split the file")
        cells = {name: _plain(cell) for name, cell in zip(columns, row, strict=False) if name}
        if any(cells.values()):
            yield _row(line, cells)


def _header(rows: Iterator[tuple[int, Sequence[Any]]]) -> list[str]:
    for line, each in rows:
        row = [_plain(cell) for cell in each]
        if len(known := _known(row)) > 1 and known & {"mmsi", "name"}:
            return [_WORDS.get(_word(cell), "") for cell in row]
        if line >= _HEADER_WITHIN:
            break
    raise ValidationError(
        f"no header in the first {_HEADER_WITHIN} rows",
        f"the first row names the columns: {','.join(COLUMNS)} or {','.join(CHINESE)}",
    )


def _known(cells: Sequence[str]) -> set[str]:
    return {_WORDS[word] for cell in cells if (word := _word(cell)) in _WORDS}


def _word(cell: str) -> str:
    bare = re.sub(r"[（(【\[].*?[)）】\]]|[*＊:：\"]", "", unicodedata.normalize("NFKC", cell)).strip().lower()
    return re.sub(r"[\s-]+", "_", bare)


def _plain(cell: Any) -> str:
    """A cell as text. Workbooks keep numbers as floats, and instants (of no zone: local ones) as dates."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    if isinstance(cell, date):
        cell = cell.isoformat()
    return unicodedata.normalize("NFKC", str(cell if cell is not None else "")).strip()


def _row(line: int, cells: Mapping[str, str]) -> Consignment | Bad:
    mmsi, name = cells.get("mmsi", ""), cells.get("name", "")
    if mmsi and not re.fullmatch(r"[2-7]\d{8}", mmsi):
        return Bad(line, f'MMSI "{mmsi[:20]}"', "a ship's MMSI has nine digits and begins with 2 to 7")
    if not mmsi and not name:
        return Bad(line, "no ship", "give its MMSI or its name")
    un = re.sub(r"(?i)^un\s*(no\.?)?\s*", "", cells.get("un", ""))
    if un and not (un.isascii() and un.isdigit() and 0 < int(un[:6]) <= _LARGEST_UN):
        return Bad(line, f'UN number "{cells["un"][:20]}"', "four digits, such as 1301; empty for goods that are not dangerous")
    tonnes = cells.get("tonnes", "").replace(",", "").removesuffix("吨").removesuffix("t").strip()
    try:
        weight = float(tonnes) if tonnes else None
    except ValueError:
        weight = -1.0
    if weight is not None and not 0 <= weight <= _MOST_TONNES:
        return Bad(line, f'tonnes "{cells["tonnes"][:20]}"', f"a number from 0 to {_MOST_TONNES}")
    try:
        arrival = parse_instant(cells["arrival"]) if cells.get("arrival") else None
    except UsageError as error:
        return Bad(line, f"arrival: {error.what}"[:120], error.hint)
    return Consignment(
        line, mmsi, name, cells.get("last_port", ""), int(un) if un else None, cells.get("goods", ""), weight, arrival
    )
