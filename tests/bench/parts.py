"""The parts of `make bench` as data: what each runs, how often, what of it is shown, and which floors stand beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.bench import (
    browser,
    commits,
    decoding,
    disk,
    doors,
    events,
    forward,
    live,
    quality,
    registry,
    rest,
    sealing,
    shared,
    stores,
    storms,
    sustained,
    watched,
    whole,
)
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
    Part("events", "Watching: processor an observation, whole batches committed with rules and without", events.watching, "us_events",
         (("rows", "rows", 0), ("us_plain", "cpu us/row without", 2), ("us_watched", "with", 2), ("us_events", "events", 2),
          ("events", "events found", 0)), 2, least=True, exact=lambda row: bool(row["events"] > 0)),
    Part("quality", "Checks over series: processor an observation, whole batches in order", quality.checking, "us_checks",
         (("rows", "rows", 0), ("us_checks", "cpu us/row", 2), ("us_ioos", "ioos_qc us/row", 2), ("doubted", "doubted", 0)), 2, least=True,
         exact=lambda row: bool(row["doubted"] > 0)),
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
    Part("commit", "Store.commit beside a bare insert into the same table: the realistic fleet, processor time", commits.commits, "ratio",
         (("rows_s", "rows/cpu s", 0), ("bare_s", "bare rows/cpu s", 0), ("ratio", "ours / bare", 2)), 2, exact=lambda row: bool(row["same"])),
    Part("sustained", "work with the lake sealing beside it: the realistic fleet, four values a frame", sustained.sustained, "values_core_s",
         (("values_core_s", "observations/cpu s", 0), ("values_s", "observations/s", 0), ("us_frame", "cpu us/frame", 1),
          ("lake_cores", "lake cores", 2), ("files", "files sealed", 0), ("again", "share twice", 2)), 1,
         exact=lambda row: bool(row["balanced"] and row["stored"] == row["sent"])),
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
    Part("live", "the live feed: how late a value is with a viewer at a pace; 2,000 gauges and 500 vessels ten times a second", live.live,
         "p50_ms", (("p50_ms", "p50 ms", 1), ("p99_ms", "p99 ms", 1), ("told", "values told", 0), ("batches_s", "batches/s", 1),
                   ("web_cores", "web cores", 2), ("viewer_cores", "cores/viewer", 4)), 1, least=True, exact=lambda row: bool(row["right"])),
    Part("stalled", "the door at saturation beside 200 viewers of the live feed that take nothing, and without", live.stalled, "ratio",
         (("ratio", "with / without", 2), ("least", "least", 2), ("mb", "MB more in web", 1)), 1),
    Part("watched", "the door at saturation with devices that have rules and checks, and the same without", watched.watched, "ratio",
         (("ratio", "with / without", 2), ("least", "least", 2), ("watched", "datastreams watched", 0)), 1, exact=lambda row: row["watched"] > 0),
    Part("demo", "the demo at rest: fifty devices", rest.demo, "cores", (("cores", "cores", 3), ("mb", "MB (PSS)", 0), ("ready_s", "ready s", 1)),
         1, least=True),
    Part("storm", "a storm of 2,500 devices as fast as it goes, until all is stored", storms.storm, "ratio",
         (("ratio", "times real time", 0), ("frames_s", "frames/s", 0), ("values_s", "values/s", 0), ("play_share", "share of sending", 2)),
         1, exact=lambda row: bool(row["balanced"] and row["lost"] == row["doubled"] == 0)),
    Part("sealing", "sealing, merging and archiving beside the door: publish to ack with the lake at work and stopped", sealing.sealing, "pairs",
         (("p50_ms_off", "p50 off", 2), ("p50_ms_on", "on", 2), ("p95_ms_off", "p95 off", 2), ("p95_ms_on", "on", 2), ("p99_ms_off", "p99 off", 2),
          ("p99_ms_on", "on", 2), ("ratio", "p95 ratio", 2), ("pairs", "of pairs", 2), ("lake_cores", "lake cores", 2), ("seals", "seals", 0),
          ("merges", "merges", 0), ("archived", "archived", 0)), 1, least=True,
         exact=lambda row: bool(row["balanced"] and row["busy"] and row["seals"] and row["archived"] and row["sent"] == row["acked"]
                                and row["wanted"] == row["rows"] == row["distinct"])),
    Part("postgres", "Store.commit on PostgreSQL beside the file: readings in order, 5 % late, 5 % again", shared.commits, "rows_s",
         (("rows_s", "rows/s", 0), ("ratio", "of the file's", 2)), 1, exact=lambda row: bool(row["same"])),
    Part("store", "store: questions to 50 million observations, beside a DuckDB file and a plain SQLite table", stores.store, "ms",
         (("ms", "ms or bytes", 1), ("cpu_ms", "cpu ms", 1), ("duckdb", "DuckDB", 1), ("sqlite", "SQLite", 1),
          ("of_duckdb", "DuckDB / ours", 2), ("of_sqlite", "SQLite / ours", 2)), 1, least=True, exact=lambda row: bool(row["agree"])),
    Part("adapters", "adapters: bytes to readings, one core", decoding.adapters, "frames_s",
         (("frames_s", "frames/s", 0), ("us_frame", "us/frame", 2), ("readings", "readings", 0)), 2),
    Part("registry", "registry: a file of devices taken in, then found by what they are called (--full: ten million)", registry.registry, "per_s",
         (("per_s", "things/s", 0), ("codes_s", "identifiers/s", 0), ("us", "us each", 2), ("p99_ms", "p99 ms", 3), ("max_ms", "max ms", 1),
          ("mb", "MB (peak)", 0), ("disk_mb", "MB on disk", 0)), 1, exact=lambda row: bool(row["right"] == row["wanted"])),
    Part("browser", "the map in a browser without a graphics card, 1600 x 900, ten batches a second", browser.browser, "fps",
         (("fps", "frames/s", 1), ("gap_p95_ms", "gap p95 ms", 1), ("heap_mb", "heap MB", 1), ("paint_ms", "first paint ms", 0),
          ("coast_ms", "coast ms", 0)), 1),
)}  # fmt: skip

FLOORS = (
    Floor("door", ("1 x 1000", "200 x 10"), "messages_s", 5.0, "door / paho, saturated", over="paho"),
    Floor("door", ("1000 x 1",), "messages_s", 1.5, "door / paho, 1000 x 1", over="paho"),
    Floor("whole", ("",), "messages_s", 35_000, "socket to queryable row, messages/s"),
    Floor("commit", ("same rows",), "ratio", 0.8, "Store.commit / bare insert of the same rows"),
    Floor("sustained", ("",), "values_core_s", 60_000, "work, sealing beside it, observations/s a core"),
    Floor("latency", ("5000/s",), "ack_p99_ms", 25.0, "p99 publish to ack at 5,000/s, ms", most=True),
    Floor("tail", ("1000/s",), "p99_ms", 300.0, "p99 publish to tail, ms", most=True),
    Floor("live", ("viewer, 5000/s",), "p99_ms", 300.0, "p99 publish to viewer at 5,000/s, ms", most=True),
    Floor("live", ("a snapshot", "2,500 things"), "p50_ms", 300.0, "snapshot of 2,500 things, ms", most=True),
    Floor("stalled", ("pairs",), "ratio", 0.9, "door beside 200 stalled viewers / none"),
    Floor("watched", ("pairs",), "ratio", 0.95, "door with rules / without"),
    Floor("sealing", ("/s",), "pairs", 1.25, "p95 of publish to ack, lake at work / stopped", most=True),
    Floor("storm", ("clean",), "ratio", 200.0, "a clean storm, times real time"),
    Floor("storm", ("faults",), "ratio", 60.0, "a storm with faults, times real time"),
    Floor("browser", ("2,000 + 500",), "fps", 50.0, "the map, 2,500 things, frames/s"),
    Floor("browser", ("10,000",), "fps", 25.0, "the map, 10,000 ships, frames/s"),
    Floor("browser", ("",), "heap_mb", 60.0, "the map's heap, MB", most=True),
    Floor("demo", ("all",), "cores", 0.4, "the demo at rest, cores", most=True),
    Floor("demo", ("all",), "mb", 400.0, "the demo at rest, MB", most=True),
    *(Floor("store", (case,), "ms", floor, "store, ms", most=True) for case, floor in (
        ("latest of 8,000 series", 50), ("24 h of one series", 40), ("5-minute means of 7 days", 60), ("city, sealed", 100),
        ("not sealed yet", 100), ("row, sealed", 6), ("cold `sensing query`", 1_000), ("of 5 billion rows", 1_000),
    )),
    *(Floor("adapters", (case,), "frames_s", floor, "decode only, frames/s") for case, floor in (
        ("sl651", 60_000), ("hj212", 30_000), ("ais", 60_000), ("ais capture", 60_000), ("plainjson", 150_000), ("lorawan", 40_000),
    )),
)  # fmt: skip
