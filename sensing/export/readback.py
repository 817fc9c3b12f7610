"""Reading back what was exported, through Flux from InfluxDB 2: the rows that `sensing query --store influx` prints.

The same fields as the store's own rows, as far as a target has them: no cursor, begin, received, reason or revision.
Times are to the microsecond, as they were sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from sensing import times
from sensing.errors import NotFoundError, UnreachableError, UsageError
from sensing.properties import get
from sensing.settings import Export, Settings

from .line import client, token
from .lines import coded, coded_measurement, plain
from .verdict import reason

_ESCAPED = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "$": "\\x24"})
"""`${` in a string of Flux would be code; its dollar goes as a byte (Flux specification, "String literals")."""


class Asked(Struct, frozen=True):
    """What is wanted; empty means any. runs: "" is live, None any. begin, end: microseconds, begin <= time < end."""

    properties: Sequence[str] = ()
    devices: Sequence[str] = ()
    statistics: Sequence[str] = ()
    channels: Sequence[str] = ()
    runs: Sequence[str] | None = ("",)
    begin: int | None = None
    end: int | None = None
    limit: int | None = None


def target_of(settings: Settings, name: str = "") -> Export:
    """The target to read from: the one that is named, or the only one. Raises NotFoundError, UsageError."""
    targets = [each for each in settings.export if not name or each.name == name]
    if not targets:
        raise NotFoundError(f'no export target "{name}"' if name else "no export target is set", "see docs/export.md: [[export]]")
    if len(targets) > 1:
        raise UsageError("several targets are set", f"name one of them: {', '.join(each.name for each in targets)}")
    return targets[0]


def flux(target: Export, asked: Asked) -> str:
    """The query. Its rows come pivoted, a row a point, in order of time."""
    until = f", stop: {times.rfc3339(asked.end)}" if asked.end is not None else ""
    begin = times.rfc3339(asked.begin) if asked.begin is not None else "0"
    steps = [f"from(bucket: {quoted(target.bucket)})", f"range(start: {begin}{until})"]
    for column, words in (
        ("_measurement", [coded_measurement(word) for word in asked.properties]), ("device", list(map(coded, asked.devices))),
        ("statistic", list(map(coded, asked.statistics))), ("channel", list(map(coded, asked.channels))),
        ("run", None if asked.runs is None else list(map(coded, asked.runs))),
    ):  # fmt: skip
        if words:
            steps.append(f"filter(fn: (r) => {' or '.join(_equals(column, word) for word in words)})")
    steps += [
        'pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")',
        'rename(fn: (column) => if column == "result" then "value" else column)', "group()",  # an answer has a column "result" of its own
        'sort(columns: ["_time", "device", "_measurement", "statistic", "channel"])',
    ]  # fmt: skip
    if asked.limit is not None:
        steps.append(f"limit(n: {asked.limit})")
    return "\n  |> ".join(steps)


def quoted(text: str) -> str:
    """A string literal of Flux."""
    return f'"{text.translate(_ESCAPED)}"'


def _equals(column: str, word: str) -> str:
    return f"r.{column} == {quoted(word)}" if word else f"not exists r.{column}"


def rows(target: Export, asked: Asked) -> Iterator[dict[str, Any]]:
    """Rows as they come. Raises UnreachableError, UsageError when the server refuses the query."""
    from influxdb_client.rest import ApiException
    from urllib3.exceptions import HTTPError

    reader: Any = client(target, token(target))
    try:
        for record in reader.query_api().query_stream(flux(target, asked), org=target.org):
            yield _row(record.values)
    except ApiException as error:
        body = error.body.decode("utf-8", "replace") if isinstance(error.body, bytes) else str(error.body or error.reason)
        hint = "check org, bucket, and that the token may read; VictoriaMetrics knows no Flux"
        raise UsageError(f"{target.url}: {error.status} {reason(body)}", hint) from None
    except (HTTPError, OSError) as error:
        raise UnreachableError(
            f"{target.url} does not answer: {type(error).__name__}", "is it up, and is the address right?"
        ) from None
    finally:
        reader.close()


def _row(values: dict[str, Any]) -> dict[str, Any]:
    measured = plain(str(values["_measurement"]))
    known = get(measured)
    words = {name: plain(str(values.get(name) or "")) for name in ("device", "statistic", "channel", "origin", "run")}
    found = {
        "device": words["device"], "property": measured, "statistic": words["statistic"], "channel": words["channel"],
        "time": times.rfc3339(times.from_datetime(values["_time"])), "result": values.get("value"), "unit": known.unit if known else "",
        "quality": values.get("quality"), "origin": words["origin"], "run": words["run"],
    }  # fmt: skip
    if values.get("lon") is not None:
        found |= {"lon": values["lon"], "lat": values.get("lat")}
    return found
