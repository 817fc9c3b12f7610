"""The Python API: `sensing.open(data)`, for notebooks and scripts, beside a running service or without one (docs/query.md).

    with sensing.open("data") as data:
        levels = data.query("gauge-17", property="water_level", since="7d", every="5m", agg="mean max").polars()

Reads files, never writes, takes no lock. Words are those of `sensing query`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sensing import times
from sensing.errors import UsageError
from sensing.query import answer, asked
from sensing.query.asked import Request
from sensing.query.keep import Box, Devices, Keep, box
from sensing.query.known import UNKNOWN
from sensing.query.source import Source
from sensing.query.where import terms
from sensing.store.wanted import Wanted

Words = str | Sequence[str] | None
Instant = str | int | None
"""RFC 3339, or a duration ago (`7d`), or a datetime; a whole number is microseconds since the epoch."""


class Answer:
    """What a query gives. Nothing is read until it is asked for; each way reads anew.

    Columns: `cursor device property statistic channel begin time received result unit quality reason revision origin run lon lat`; when
    something is made of the rows, `device property statistic channel begin time`, one for each of `agg`, `count` and `left_out` rows,
    `unit origin run lon lat`. Times are UTC with microseconds, words are categories.
    """

    def __init__(self, source: Source, request: Request | None, columns: Sequence[str], aggs: tuple[str, ...] = ()) -> None:
        self._source, self._request, self._columns, self._aggs = source, request, tuple(columns), aggs

    @property
    def nobody(self) -> bool:
        """Whether no device that has rows is one of those that were asked for."""
        return self._request is None

    def batches(self, tell: answer.Tell = answer.nothing, few: int = 0) -> Iterator[Any]:
        """`pyarrow.Table`s by time, of some million rows: memory does not grow with the answer. few: how many will be looked at."""
        if self._request is not None:
            yield from answer.pieces(self._source.reader, self._request, self._columns, tell, few)

    def schema(self) -> Any:
        """Names and types of the columns (`pyarrow.Schema`)."""
        return answer.schema(self._aggs, self._columns)

    def arrow(self) -> Any:
        """All of it as one `pyarrow.Table`."""
        import pyarrow as pa

        found = [piece.cast(self.schema()) for piece in self.batches()]
        return pa.concat_tables(found).unify_dictionaries() if found else self.schema().empty_table()

    def polars(self) -> Any:
        """As a `polars.DataFrame`. Polars is not ours: install it beside us."""
        import polars as pl

        return pl.from_arrow(self.arrow())

    def pandas(self) -> Any:
        """As a `pandas.DataFrame`. Pandas is not ours: install it beside us."""
        return self.arrow().to_pandas()

    def rows(self) -> Iterator[dict[str, Any]]:
        """One dict a row, times as RFC 3339 in UTC: what `sensing query -o ndjson` prints."""
        from sensing.query import told

        for piece in self.batches():
            yield from told.rows(piece)

    def save(self, path: str | Path) -> int:
        """Write a file, Parquet, CSV or NDJSON by its name; it is there when it is whole. Returns how many rows. Raises UsageError."""
        from sensing.query import files

        target = Path(path)
        kind = files.kind_of(target)
        with files.whole(target) as out:
            return files.write(out, kind, self.batches(), self.schema())


class Data:
    """A data folder, open for reading. Use one from one thread. Raises NotFoundError where no service has ever run."""

    def __init__(self, folder: str | Path = "data") -> None:
        self.source = Source(Path(folder))

    def query(
        self, device: Words = None, *, property: Words = None, statistic: Words = None, channel: Words = None,  # noqa: A002 the users' word
        type: Words = None, area: Words = None, domain: Words = None, bbox: Sequence[float] | str | None = None,  # noqa: A002 as above
        since: Instant = None, until: Instant = None, every: str = "", agg: Words = None, quality: Words = None, where: str = "",
        run: str = "", as_of: Instant = None, served: bool = True, fill: bool = False, columns: Sequence[str] = answer.ROW,
    ) -> Answer:  # fmt: skip
        """Stored observations of since <= time < until, or what is made of them. Words may be a list, or text with commas or blanks.

        device: ids, patterns (`gauge-*`), or parts of an id, native id, name or area. bbox: west, south, east, north. every: `5m`, `1h`, `1d`
        (days begin at local midnight, 7d on Monday). agg: mean min max sum first last count p50 p95. quality: flags, by default any for
        rows and 1 and 2 for means. run: "" is live and a running demo. as_of: as known then. columns: of rows. Raises UsageError.
        """
        words = tuple(map(_words, (property, statistic, channel, type, area, domain)))
        flags = asked.qualities(_words(quality))
        wanted = Wanted(
            properties=words[0], statistics=words[1], channels=words[2], runs=self.source.runs(run), begin=_instant(since),
            end=_instant(until), served=served, as_of=_instant(as_of),
        )  # fmt: skip
        devices = Devices(
            _words(device, blanks=False), frozenset(words[3]), frozenset(words[4]), frozenset(asked.domains(words[5]))
        )
        made = asked.aggs(_words(agg)) or (("mean",) if every else ())
        keep = Keep(frozenset() if made else flags, _box(bbox), terms(where) if where else (), self.source.look)
        request = Request(wanted, keep, asked.every(every), made, flags or asked.TRUSTED, asked.EIGHT, fill)
        found = answer.checked(request, self.source.narrowed(request, devices), self.source.zone)
        return Answer(self.source, found, columns, made)

    def registered(self, ids: Sequence[str]) -> bool:
        """Whether the registry knows any of these devices."""
        known = self.source.look(ids)
        return any(known[one] is not UNKNOWN for one in ids)

    def devices(self) -> list[str]:
        """Every device of which there are rows."""
        return list(self.source.reader.devices())

    def latest(self, property: Words = None, run: str = "") -> list[dict[str, Any]]:  # noqa: A002 the users' word
        """The newest good row of each datastream, as dicts."""
        return self.source.reader.latest(Wanted(properties=_words(property), runs=self.source.runs(run)))

    def close(self) -> None:
        """Release files."""
        self.source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        self.close()


def open_data(folder: str | Path = "data") -> Data:
    """Open a data folder for reading: what `sensing.open` is."""
    return Data(folder)


def _words(given: Words, *, blanks: bool = True) -> tuple[str, ...]:
    if given is None:
        return ()
    listed = given.replace(" ", ",").split(",") if isinstance(given, str) and blanks else (
        given.split(",") if isinstance(given, str) else given)  # fmt: skip
    return tuple(str(word).strip() for word in listed if str(word).strip())


def _box(given: Sequence[float] | str | None) -> Box | None:
    return None if given is None else box(_words(given) if isinstance(given, str) else [str(number) for number in given])


def _instant(given: Any) -> int | None:
    if given is None or given == "":
        return None
    if isinstance(given, str):
        return times.since(given, times.now())
    if isinstance(given, int):
        return given
    if getattr(given, "tzinfo", None) is None:
        raise UsageError(f"{given!r} has no time zone", "give it one, or write RFC 3339")
    return times.from_datetime(given)
