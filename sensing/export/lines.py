r"""The line protocol: `measurement,tag=value,... field=value,... time` (InfluxDB 2 reference, "Line protocol").

Rules of this file
- measurement = property; tags device, statistic, channel, domain, origin, and run where there is one; an empty tag is left out.
- Fields: result (float; absent when there is none), quality (integer), lon and lat (floats) of what moves.
- Time is nanoseconds: our microseconds and 000. One datastream has one served value an instant, so no two points collide.
- Comma, space and (in tags) equals are escaped with a backslash. What servers read differently, or not at all, is
  percent-encoded: backslash (InfluxDB keeps `\\`, VictoriaMetrics makes it `\`), control characters (a newline ends a point),
  a leading # or _ and any = of a measurement; and % itself, so that no two words become one. `plain` undoes it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable

from msgspec import Struct, field

from . import Point, Series

_CODED = {number: f"%{number:02X}" for number in (*range(32), 127, ord("\\"), ord("%"))}
_TAG = str.maketrans({**_CODED, ord(","): "\\,", ord("="): "\\=", ord(" "): "\\ "})
_MEASUREMENT = str.maketrans({**_CODED, ord("="): "%3D", ord(","): "\\,", ord(" "): "\\ "})
_PERCENT = re.compile("%([0-9A-F]{2})")
_NEVER = 1 << 62
MILLISECOND = 1_000


def measurement(text: str) -> str:
    """A measurement as it stands in a line."""
    found = text.translate(_MEASUREMENT)
    return f"%{ord(found[0]):02X}{found[1:]}" if found[:1] in {"#", "_"} else found


def tag(text: str) -> str:
    """A tag's value as it stands in a line."""
    return text.translate(_TAG)


def coded(text: str) -> str:
    """A tag's value as the server gives it back: what cannot be said is percent-encoded."""
    return text.translate(_CODED)


def coded_measurement(text: str) -> str:
    """A measurement as the server gives it back."""
    return measurement(text).replace("\\,", ",").replace("\\ ", " ")


def plain(text: str) -> str:
    """The word that `coded` or `coded_measurement` was made from."""
    return _PERCENT.sub(lambda found: chr(int(found[1], 16)), text)


def prefix(series: Series, domain: str) -> str:
    """Everything before the fields, with the space after it."""
    tags = (("device", series.thing), ("statistic", series.statistic), ("channel", series.channel), ("domain", domain),
            ("origin", series.origin), ("run", series.run))  # fmt: skip
    return ",".join([measurement(series.property), *(f"{key}={tag(value)}" for key, value in tags if value)]) + " "


class Page(Struct):
    """Lines ready to send, each with the seq of its row, and what was left out.

    late: (seq, series, time, served, bare) of rows that may have another revision, for the caller to look up; bare: no value at all.
    """

    seqs: list[int] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    late: list[tuple[int, int, int, int, bool]] = field(default_factory=list)
    unserved: int = 0
    unwanted: int = 0
    missing: int = 0
    same_millisecond: int = 0


class Builder:
    """Lines of one target. `prefix_of` gives a series' prefix, or "" when the target does not want it; it is asked once a series."""

    def __init__(self, prefix_of: Callable[[int], str]) -> None:
        self._prefix_of = prefix_of
        self._prefixes: dict[int, str] = {}
        self._newest: dict[int, int] = {}

    def forget(self) -> None:
        """Start anew after the cursor went back."""
        self._newest.clear()

    def build(self, points: Iterable[Point]) -> Page:
        """The lines of rows in commit order. A row that is not served is left out: the one that is has a row of its own."""
        page = Page()
        prefixes, newest, add, mark = self._prefixes, self._newest, page.lines.append, page.seqs.append
        for seq, series, time, result, quality, lon, lat, served, _received in points:
            start = prefixes.get(series)
            if start is None:
                start = prefixes[series] = self._prefix_of(series)
            if not start:
                page.unwanted += 1
                continue
            if time < newest.get(series, _NEVER) + MILLISECOND or not served:
                self._odd(page, seq, series, time, served, bare=result is None and lon is None)
                if not served:
                    continue
            else:
                newest[series] = time
            if result is None and lon is None:
                page.missing += 1
            add(f"{start}result={result!r},quality={quality}i {time}000\n" if lon is None and result is not None
                and -math.inf < result < math.inf else f"{start}{_fields(result, quality, lon, lat)} {time}000\n")  # fmt: skip
            mark(seq)
        return page

    def _odd(self, page: Page, seq: int, series: int, time: int, served: int, *, bare: bool) -> None:
        last = self._newest.get(series, -_NEVER)
        if time > last > -_NEVER:
            page.same_millisecond += time // MILLISECOND == last // MILLISECOND
        if time <= last or last == -_NEVER or not served:
            page.late.append((seq, series, time, served, bare))
        page.unserved += not served
        self._newest[series] = max(time, last)


def _fields(result: float | None, quality: int, lon: float | None, lat: float | None) -> str:
    """Fields in order. What is not a finite number has no field: servers drop it without a word."""
    found = [f"{name}={value!r}" for name, value in (("result", result),) if value is not None and math.isfinite(value)]
    found.append(f"quality={quality}i")
    found += [f"{name}={value!r}" for name, value in (("lon", lon), ("lat", lat)) if value is not None and math.isfinite(value)]
    return ",".join(found)
