"""The parts of `make bench` as data: what each runs, how often, what of it is shown, and which floors stand beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.bench import decoding, disk, doors, forward, rest, whole
from tests.bench.place import Place

Row = Mapping[str, Any]
"""Figures of one case in one round; `case` names it."""


@dataclass(frozen=True)
class Part:
    """One part. best: the column by which the best round is chosen, `least` when small is good.

    columns: key, heading, decimals. exact: what must be true of a row whatever the speed.
    """

    name: str
    title: str
    run: Callable[[Place], Iterator[dict[str, Any]]]
    best: str
    columns: tuple[tuple[str, str, int], ...]
    rounds: int = 1
    least: bool = False
    exact: Callable[[Row], bool] = field(default=lambda _row: True)


@dataclass(frozen=True)
class Floor:
    """What a case should reach: told, never asserted. cases: those whose name ends so; over: a part that it is divided by."""

    part: str
    cases: tuple[str, ...]
    column: str
    value: float
    text: str
    over: str = ""
    most: bool = False


_BASELINE = (
    ("messages_s", "messages/s", 0), ("us_message", "cpu us/message", 2), ("mosquitto_cores", "mosquitto cores", 2),
    ("script_cores", "script cores", 2), ("loader_cores", "loader cores", 2), ("burst", "burst", 0),
)  # fmt: skip

PARTS = {part.name: part for part in (
    Part("fsync", "The disk: what any durable acknowledgement costs", disk.fsync, "commits_s",
         (("commits_s", "commits/s", 0), ("frames_s", "frames/s", 0), ("us_frame", "cpu us/frame", 2)), 2),
    Part("door", "door: durable messages, PUBLISH (QoS 1) to PUBACK; connections x window", doors.door, "messages_s",
         (("messages_s", "messages/s", 0), ("us_message", "cpu us/message", 2), ("door_cores", "door cores", 2),
          ("loader_cores", "loader cores", 2)), 3, exact=lambda row: bool(row["logged"] >= row["acked"] > 0)),
    Part("paho", "Baseline: mosquitto + paho with manual ack + a SQLite row a message, a FULL commit a burst of at most 500", doors.paho,
         "messages_s", _BASELINE, 3, exact=lambda row: bool(row["rows"] == row["sent"])),
    Part("hand", "The same with paho driven by hand, on one thread: about the fastest that it can be had", doors.paho_by_hand,
         "messages_s", _BASELINE, 2, exact=lambda row: bool(row["rows"] == row["sent"])),
    Part("work", "work: frames in the log to rows that readers see", forward.work, "frames_s",
         (("frames_s", "frames/s", 0), ("rows_s", "observations/s", 0), ("us_frame", "cpu us/frame", 1), ("cores", "cores", 2)), 2,
         exact=lambda row: bool(row["balanced"] and row["sent"] == row["frames"] == row["instants"])),
    Part("whole", "whole: socket to queryable row, door and work on both cores", whole.whole, "messages_s",
         (("messages_s", "messages/s", 0), ("acked_s", "acked/s", 0), ("seconds", "seconds", 1), ("door_us", "door us/message", 2),
          ("work_us", "work us/message", 2), ("loader_s", "loader cpu s", 1), ("distinct", "rows, distinct", 0)), 2,
         exact=lambda row: bool(row["balanced"] and row["sent"] == row["acked"] == row["rows"] == row["distinct"] == row["stored"])),
    Part("latency", "latency at a pace, open loop: from due to PUBACK, and to a row in a reader's hands", whole.latency, "ack_p99_ms",
         (("ack_p50_ms", "ack p50 ms", 1), ("ack_p99_ms", "ack p99 ms", 1), ("row_p50_ms", "row p50 ms", 1),
          ("row_p99_ms", "row p99 ms", 1), ("door_cores", "door cores", 2), ("work_cores", "work cores", 2),
          ("loader_cores", "loader cores", 2)), 2, least=True,
         exact=lambda row: bool(row["sent"] == row["acked"] == row["seen"])),
    Part("tail", "from due to a line of `sensing tail`", whole.tail, "p99_ms",
         (("p50_ms", "p50 ms", 1), ("p99_ms", "p99 ms", 1), ("max_ms", "max ms", 1)), 1, least=True,
         exact=lambda row: bool(row["sent"] == row["acked"] == row["seen"])),
    Part("demo", "the demo at rest: fifty gauges", rest.demo, "cores", (("cores", "cores", 3), ("mb", "MB (PSS)", 0), ("ready_s", "ready s", 1)),
         1, least=True),
    Part("adapters", "adapters: bytes to readings, one core", decoding.adapters, "frames_s",
         (("frames_s", "frames/s", 0), ("us_frame", "us/frame", 2), ("readings", "readings", 0)), 2),
)}  # fmt: skip

FLOORS = (
    Floor("door", ("1 x 1000", "200 x 10"), "messages_s", 5.0, "door / paho, saturated", over="paho"),
    Floor("door", ("1000 x 1",), "messages_s", 1.5, "door / paho, 1000 x 1", over="paho"),
    Floor("whole", ("",), "messages_s", 35_000, "socket to queryable row, messages/s"),
    Floor("latency", ("5000/s",), "ack_p99_ms", 25.0, "p99 publish to ack at 5,000/s, ms", most=True),
    Floor("tail", ("1000/s",), "p99_ms", 300.0, "p99 publish to tail, ms", most=True),
    Floor("demo", ("all",), "cores", 0.4, "the demo at rest, cores", most=True),
    Floor("demo", ("all",), "mb", 400.0, "the demo at rest, MB", most=True),
    *(Floor("adapters", (case,), "frames_s", floor, "decode only, frames/s") for case, floor in (
        ("sl651", 60_000), ("hj212", 30_000), ("ais", 60_000), ("ais capture", 60_000), ("plainjson", 150_000), ("lorawan", 40_000),
    )),
)  # fmt: skip
