"""Device lists as people keep them: CSV of any delimiter and encoding, or XLSX, with Chinese or English headers, read row by row.

A title above the header, blank rows, columns that we do not know, full-width signs and numbers that a spreadsheet has turned into
floats are all usual. Nothing here knows what a value means: `forms` does.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
import zipfile
from collections.abc import Generator, Iterator, Mapping, Sequence
from itertools import islice
from typing import IO, Any, NamedTuple

from sensing.errors import ValidationError

from .export import CHINESE, COLUMNS, EVERY_COLUMN

MOST_UNPACKED = 512 * 1024 * 1024
"""Bytes that an XLSX may unpack to: a zip can hold a thousand times what it weighs."""
_HEADER_WITHIN = 10
_DELIMITERS = ",;\t"
_CHUNK = 1 << 20
_WORDS: dict[str, str] = {
    **{name: name for name in EVERY_COLUMN},
    **dict(zip(CHINESE, COLUMNS, strict=True)),
    **dict.fromkeys(("设备编号", "设备id", "编码", "device", "device_id"), "id"),
    **dict.fromkeys(("设备类型", "种类", "device_type"), "type"),
    **dict.fromkeys(("通信协议", "protocol"), "adapter"),
    **dict.fromkeys(
        ("站号", "测站编码", "站点编码", "设备地址", "mn", "mn号", "deveui", "dev_eui", "mmsi", "native_id"), "native"
    ),
    **dict.fromkeys(("设备名称", "站名", "测站名称", "title"), "name"),
    **dict.fromkeys(("latitude", "北纬"), "lat"),
    **dict.fromkeys(("lng", "long", "longitude", "东经"), "lon"),
    **dict.fromkeys(("坐标系统",), "crs"),
    **dict.fromkeys(("行政区", "区县", "所属区域", "district"), "area"),
    **dict.fromkeys(("高程基准", "基准面"), "datum"),
    **dict.fromkeys(("零点高程", "站零点"), "zero"),
    **dict.fromkeys(("接入方", "网关编号", "gateway"), "principal"),
    **dict.fromkeys(("说明", "remark", "remarks", "comment"), "note"),
    **dict.fromkeys(("修正值", "改正数"), "offset"),
    **dict.fromkeys(("安装高度",), "mount_height"),
    **dict.fromkeys(("时段规则",), "period_rule"),
    **dict.fromkeys(("序列号", "出厂编号", "设备序列号", "sn", "serial_number"), "serial"),
}
_OURS = frozenset((*_WORDS.values(), "row", "reason", "hint"))
"""Columns that are no news: ours, and those that the file of bad rows adds."""
_PLAIN = frozenset(("id", "type", "adapter", "native", "lat", "lon", "crs", "zero", "offset", "mount_height", "principal"))
"""Columns whose full-width signs mean the plain ones. Names and notes stay as they were typed."""


class Line(NamedTuple):
    """A row with something in it. number: its line in the file, from 1. cells: by column, as text. extra: cells beyond the header."""

    number: int
    cells: Mapping[str, str]
    extra: int = 0


class Sheet:
    """A file of devices. unknown: headers that are no columns of ours. blank: rows passed over so far.

    source: seekable. chosen: headers to the columns that a person says they are; "" passes one over. Raises ValidationError for a file that is no sheet, or has no header with an id and one more known column.
    """

    def __init__(self, source: IO[bytes], chosen: Mapping[str, str] | None = None) -> None:
        self.blank = 0
        self._chosen = _bare_words(chosen)
        self._cells = _rows(source)
        self._rows = enumerate(self._cells, 1)
        try:
            self.columns = self._header()
        except BaseException:
            self.close()
            raise
        self.unknown = [name for name in self.columns if name and name not in _OURS]

    def lines(self) -> Iterator[Line]:
        """The rows below the header, once."""
        for number, row in self._rows:
            cells = {
                name: text.strip() if type(text) is str and text.isascii() else _cell(name, text)
                for name, text in zip(self.columns, row, strict=False)
                if name
            }  # ASCII is most of it, and nothing in `_cell` would change it
            if not any(cells.values()):
                self.blank += 1
                continue
            extra = row[len(self.columns) :]
            yield Line(number, cells, sum(1 for text in extra if str(text or "").strip()) if extra else 0)

    def close(self) -> None:
        """Let go of the source, which stays its owner's to close."""
        self._cells.close()

    def _header(self) -> list[str]:
        for _, row in islice(self._rows, _HEADER_WITHIN):
            names = [_column(text, self._chosen) for text in row]
            known = {name for name in names if name in _WORDS.values()}
            if "id" in known and len(known) > 1:
                twice = next((name for name in known if names.count(name) > 1), None)
                if twice:
                    raise ValidationError(f'column "{twice}" stands twice in the header', "keep one of them")
                return names
        raise ValidationError(
            f"no header in the first {_HEADER_WITHIN} rows",
            f"the first row names the columns: {','.join(COLUMNS)} or {','.join(CHINESE)}",
        )


def _bare_words(chosen: Mapping[str, str] | None) -> dict[str, str]:
    """What a person says that headers are. Raises ValidationError for a column that we do not have."""
    for header, column in (chosen or {}).items():
        if column and column not in EVERY_COLUMN:
            raise ValidationError(f'"{header[:60]}" cannot be column "{column[:60]}"', f"columns are {', '.join(EVERY_COLUMN)}")
    return {header.strip(): column for header, column in (chosen or {}).items()}


class Glance(NamedTuple):
    """The head of a file as a person sees it. row: where its header stands, from 1. headers: as written. columns: what each is, None: nothing of ours.

    samples: the first rows below it, as text.
    """

    row: int
    headers: list[str]
    columns: list[str | None]
    samples: list[list[str]]


def glance(source: IO[bytes], chosen: Mapping[str, str] | None = None, rows: int = 5) -> Glance:
    """Which column each header would be, before anything is taken in. Raises ValidationError for a file that is no sheet."""
    words = _bare_words(chosen)
    cells = _rows(source)
    try:
        head = [[str(text if text is not None else "").strip() for text in row] for row in islice(cells, _HEADER_WITHIN + rows)]
    finally:
        cells.close()
    matched = [sum(_column(text, words) in EVERY_COLUMN for text in row) for row in head[:_HEADER_WITHIN]]
    full = [sum(1 for text in row if text) for row in head[:_HEADER_WITHIN]]
    if not head or not max(full):
        raise ValidationError("the file is empty", "save the sheet with its header and rows, and choose it again")
    place = matched.index(max(matched)) if max(matched) else full.index(max(full))
    names = [_column(text, words) for text in head[place]]
    columns = [name if name in EVERY_COLUMN else None for name in names]
    samples = [[_cell(name or "", text) for name, text in zip(names, row, strict=False)] for row in head[place + 1 :] if any(row)]
    return Glance(place + 1, head[place], columns, samples[:rows])


def _column(text: Any, chosen: Mapping[str, str] | None = None) -> str:
    """Our word for a header, or its own when we have none: `经度（°）` and `Longitude (deg)` are lon."""
    if chosen and (said := chosen.get(str(text or "").strip())) is not None:
        return said
    bare = re.sub(r"[（(【\[].*?[)）】\]]|[*＊:：]", "", unicodedata.normalize("NFKC", str(text or ""))).strip()
    word = re.sub(r"[\s-]+", "_", bare.lower())
    return _WORDS.get(word, bare)


def _cell(name: str, value: Any) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)  # spreadsheets keep every number as a float, station codes too
    text = str(value if value is not None else "").strip().strip("\ufeff\u200b")
    return unicodedata.normalize("NFKC", text).strip() if name in _PLAIN else text


def cells(source: IO[bytes]) -> Generator[Sequence[Any], None, None]:
    """The rows of a workbook's first sheet, cells as they are. Raises ValidationError."""
    return _xlsx(source)


def _rows(source: IO[bytes]) -> Generator[Sequence[Any], None, None]:
    head = source.read(4)
    source.seek(0)
    if head == b"PK\x03\x04":
        return _xlsx(source)
    if head[:4] == b"\xd0\xcf\x11\xe0":
        raise ValidationError("this is an old .xls file", "save it as .xlsx or CSV")
    return _csv(source)


def _csv(source: IO[bytes]) -> Generator[Sequence[str], None, None]:
    text = io.TextIOWrapper(source, encoding=_encoding(source), newline="")
    line = 0
    try:
        sample = text.read(_CHUNK)
        text.seek(0)
        reader = csv.reader(text, delimiter=max(_DELIMITERS, key=lambda sign: _known_columns(sample, sign)))
        for row in reader:
            line = reader.line_num
            yield row
    except csv.Error as error:
        raise ValidationError(f"after line {line}: {error}", "a quote that is not closed, or a cell too long?") from None
    except UnicodeDecodeError as error:
        what = f"after line {line}: neither UTF-8 nor GB18030: {error.reason}"
        raise ValidationError(what, "save it as CSV UTF-8") from None
    finally:
        text.detach()


def _known_columns(sample: str, delimiter: str) -> int:
    lines = csv.reader(islice(io.StringIO(sample, newline=""), _HEADER_WITHIN), delimiter=delimiter)
    try:
        return max((sum(_column(text) in COLUMNS for text in row) for row in lines), default=0)
    except csv.Error:
        return 0


def _encoding(source: IO[bytes]) -> str:
    """UTF-16 by its mark, UTF-8 when all of it is, else GB18030."""
    source.seek(0)
    if source.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        source.seek(0)
        return "utf-16"
    source.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while chunk := source.read(_CHUNK):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
        found = "utf-8-sig"
    except UnicodeDecodeError:
        found = "gb18030"
    source.seek(0)
    return found


def _xlsx(source: IO[bytes]) -> Generator[Sequence[Any], None, None]:
    import openpyxl

    try:
        with zipfile.ZipFile(source) as packed:
            size = sum(entry.file_size for entry in packed.infolist())
        if size > MOST_UNPACKED:
            raise ValidationError(
                f"the workbook unpacks to {size >> 20} MB",
                f"at most {MOST_UNPACKED >> 20} MB are read: split it, or save it as CSV",
            )
        source.seek(0)
        book = openpyxl.load_workbook(source, read_only=True, data_only=True)
        sheet = book.worksheets[0]
    except (zipfile.BadZipFile, KeyError, IndexError, ValueError, OSError) as error:
        raise ValidationError(
            f"the workbook cannot be read: {error}", "open it, save it as .xlsx or CSV, and try again"
        ) from None
    sheet.reset_dimensions()  # what files state of their own size is often wrong
    yield from sheet.iter_rows(values_only=True)
