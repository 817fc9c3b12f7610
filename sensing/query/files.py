"""Answers as files: Parquet, CSV, NDJSON. A piece at a time; a file has its name when it is whole, or is not there.

with whole(Path("levels.parquet")) as out:
    rows = write(out, "parquet", schema, pieces)
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from sensing.errors import UsageError, ValidationError

KINDS = ("parquet", "csv", "ndjson")
BOM = b"\xef\xbb\xbf"
"""What Excel wants at the begin of a CSV that is UTF-8."""
_ROWS = 131_072


def kind_of(path: Path) -> str:
    """The kind of a file, by its name. Raises UsageError."""
    kind = path.suffix.lower().removeprefix(".")
    if kind == "jsonl":
        return "ndjson"
    if kind not in KINDS:
        raise UsageError(f'"{path.name}" does not say what it is to be', f"end it in {', '.join('.' + each for each in KINDS)}")
    return kind


@contextlib.contextmanager
def whole(path: Path) -> Iterator[IO[bytes]]:
    """A file being written under a passing name beside its own; gone when the block does not end well. Raises ValidationError."""
    passing = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        out = passing.open("xb")
    except OSError as error:
        raise ValidationError(f"{path}: {error.strerror or error}", "name a file in a folder that can be written") from None
    try:
        with out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        passing.replace(path)
    except BaseException:
        passing.unlink(missing_ok=True)
        raise


def rows_of(path: Path, kind: str) -> int:
    """How many rows a file of ours has; texts of ours have no line breaks in them."""
    if kind == "parquet":
        import pyarrow.parquet as pq

        return int(pq.ParquetFile(path).metadata.num_rows)
    with path.open("rb") as lines:
        return sum(piece.count(b"\n") for piece in iter(lambda: lines.read(1 << 20), b"")) - (kind == "csv")


def write(out: Any, kind: str, pieces: Iterable[Any], schema: Any, *, bom: bool = False) -> int:
    """Pieces of one schema into an open file; returns how many rows. out: has `write(bytes)`. bom: of CSV, for Excel."""
    rows = 0
    with _writer(out, kind, schema, bom=bom) as put:
        for piece in pieces:
            put(piece)
            rows += piece.num_rows
    return rows


def streamed(kind: str, pieces: Iterable[Any], schema: Any) -> Iterator[bytes]:
    """The same bytes as they come, for who sends them on."""
    drawer = _Drawer()
    with _writer(drawer, kind, schema, bom=False) as put:
        for piece in pieces:
            put(piece)
            yield drawer.taken()
    yield drawer.taken()


class _Drawer:
    """A file whose bytes are taken away as they are written."""

    closed = False

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(self._parts[-1])

    def flush(self) -> None:
        """Nothing waits."""

    def taken(self) -> bytes:
        """What was written since."""
        found, self._parts = b"".join(self._parts), []
        return found


@contextlib.contextmanager
def _writer(out: Any, kind: str, schema: Any, *, bom: bool) -> Iterator[Callable[[Any], None]]:
    from . import told

    if kind == "parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        words = [field.name for field in schema if pa.types.is_dictionary(field.type)]
        with pq.ParquetWriter(out, schema, compression="zstd", use_dictionary=[*words, "result"]) as writer:
            yield lambda piece: writer.write_table(piece.cast(schema), row_group_size=_ROWS)
    elif kind == "csv":
        import pyarrow as pa
        from pyarrow import csv

        if bom:
            out.write(BOM)
        plain = told.texts(schema.empty_table(), guarded=True).schema
        plain = pa.schema([(f.name, f.type.value_type if pa.types.is_dictionary(f.type) else f.type) for f in plain])
        with csv.CSVWriter(out, plain) as sheet:

            def lay(piece: Any) -> None:
                for part in _parts(piece):
                    sheet.write_table(told.texts(part, guarded=True).cast(plain))

            yield lay
    else:
        import msgspec

        encoder = msgspec.json.Encoder()

        def put(piece: Any) -> None:
            for part in _parts(piece):
                out.write(encoder.encode_lines(told.rows(part)))

        yield put


def _parts(piece: Any) -> Iterator[Any]:
    """A table a row group at a time: text takes many times the room of what it says."""
    return (piece.slice(start, _ROWS) for start in range(0, piece.num_rows, _ROWS))
