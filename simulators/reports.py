"""What a gauge says, and when: SL 651-2014 self-reports on virtual time. Pure; the same fleet and start give the same bytes.

    32H  timed     every `every_min` minutes: level; rain of the last five minutes and since 08:00; voltage
    33H  extra     in place of, or between, those while a river rises fast: level first, for it is the trigger
    34H  hourly    on the hour: twelve 5-minute values of rain (F4) and level (F5), the first at minute 05, then as 32H
    2FH  alive     every five minutes from the first gauge of a gateway; not answered, its serial is the last one's again

Mode M2: each frame is confirmed by the service. An observation time has no seconds (6.6.2), so a gauge reports at most once a minute.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from adapters import sl651
from adapters._wire import sl651_codes
from adapters._wire.sl651_encode import opening, uplink
from sensing import topics
from sensing.model import Micros, Reading
from sensing.times import HOUR, MINUTE, SECOND

from .clock import Clock
from .fleet import Fleet
from .gauges import Gauge, battery, level, rainfall, rainfall_since_08, rising_fast

KEEP_ALIVE, TIMED, EXTRA, HOURLY = 0x2F, 0x32, 0x33, 0x34
ALIVE_MIN = 5
BLOCK_STEP = 5 * MINUTE
BLOCK_MOST_MM = 25.4
"""A slot of block F4 holds no more (table C.1); the surplus moves to the next slot."""
_FIRST_GAP = 30_000
"""Between the first reports of a fleet, microseconds: fifty gauges are all heard within 1.5 s."""

Value = tuple[str, Micros, float]
"""Element, the time stated before it, value."""


class Sent(NamedTuple):
    """A frame on its way. time: virtual, when it is sent."""

    time: Micros
    gateway: str
    topic: str
    payload: bytes


class Due(NamedTuple):
    """A report that is to be made. time: when it is sent; minute: what it is about."""

    time: Micros
    number: int
    """Of the gauge in its fleet."""
    minute: Micros
    function: int


def with_time(sent: Iterable[Sent]) -> Iterator[Sent]:
    """Frames, and before each gateway's first of a virtual minute the time of the run, so that nobody takes it for the wall's."""
    minutes: dict[str, int] = {}
    for frame in sent:
        minute = frame.time // MINUTE
        if minute > minutes.get(frame.gateway, 0):
            minutes[frame.gateway] = minute
            yield Sent(frame.time, frame.gateway, topics.up("clock", frame.gateway), b'{"time":%d}' % frame.time)
        yield frame


def frames(fleet: Fleet, clock: Clock) -> Iterator[Sent]:
    """All frames of a fleet from the clock's start on, in order of time, without end. Every gauge first reports at once."""
    serials = [0] * len(fleet.gauges)
    for time, number, minute, function in heapq.merge(_first(fleet, clock.start), _in_turn(fleet, clock.start)):
        gauge = fleet.gauges[number]
        if function == KEEP_ALIVE:
            payload = _alive(gauge, time, serials[number] or 1)
        else:
            serials[number] = serials[number] % 65_535 + 1
            payload = report(fleet.seed, gauge, time, minute, function, serials[number])
        yield Sent(time, gauge.gateway, topics.up(sl651.NAME, gauge.gateway), payload)


def _first(fleet: Fleet, start: Micros) -> Iterator[Due]:
    """Each gauge at the start, about the last minute that it was due in: so this minute's own report still has something to say."""
    for number, gauge in enumerate(fleet.gauges):
        time = start + number * _FIRST_GAP
        minute = (time - gauge.slot_s * SECOND) // MINUTE * MINUTE
        yield Due(time, number, minute, TIMED)


def _in_turn(fleet: Fleet, start: Micros) -> Iterator[Due]:
    """Every gauge in its own second of each minute, after its first report."""
    turns = sorted((gauge.slot_s * SECOND, number, gauge) for number, gauge in enumerate(fleet.gauges))
    minute = start // MINUTE * MINUTE
    while True:
        for slot, number, gauge in turns:
            if minute + slot <= start + number * _FIRST_GAP:
                continue
            function = due(fleet, gauge, minute)
            if gauge.native in fleet.speakers and minute // MINUTE % ALIVE_MIN == 0:
                yield Due(minute + slot, number, minute, KEEP_ALIVE)
            if function is not None:
                yield Due(minute + slot, number, minute, function)
        minute += MINUTE


def due(fleet: Fleet, gauge: Gauge, minute: Micros) -> int | None:
    """The function of the report that a gauge owes at a minute; None when it is silent."""
    if minute % HOUR == 0:
        return HOURLY
    if rising_fast(fleet.seed, gauge, minute):
        return EXTRA
    return TIMED if minute // MINUTE % fleet.every_min == 0 else None


def report(seed: int, gauge: Gauge, sent: Micros, minute: Micros, function: int, serial: int) -> bytes:
    """The frame of one report about a minute, sent at `sent`."""
    (frame,) = sl651.encode(said(seed, gauge, sent, minute, function), _link(gauge, serial))
    return frame


def said(seed: int, gauge: Gauge, sent: Micros, minute: Micros, function: int) -> list[Reading]:
    """What a report states, in the order of the wire: blocks of the past hour first, then the values of the minute."""
    rank = sl651_codes.RANK[function]
    blocks = _blocks(seed, gauge, minute) if function == HOURLY else []
    values = [
        ("39", minute, level(seed, gauge, minute)),
        *_rain(seed, gauge, minute),
        ("38", minute, battery(seed, gauge, minute)),
    ]
    return [
        Reading(gauge.native, code, None, value, wire_time=stated, sent=sent // SECOND * SECOND, rank=rank)
        for code, stated, value in (*blocks, *values)
    ]


def _rain(seed: int, gauge: Gauge, minute: Micros) -> list[Value]:
    if gauge.rain is None:
        return []
    since = ("20", minute, rainfall_since_08(seed, gauge.rain, minute))
    if minute % BLOCK_STEP:
        return [since]
    return [("22", minute, rainfall(seed, gauge.rain, minute - BLOCK_STEP, minute)), since]


def _blocks(seed: int, gauge: Gauge, hour: Micros) -> list[Value]:
    """Twelve values each, stated by the end of the first slot (6.6.2)."""
    slots = [hour - HOUR + BLOCK_STEP * number for number in range(1, 13)]
    rain = [] if gauge.rain is None else _carried([rainfall(seed, gauge.rain, slot - BLOCK_STEP, slot) for slot in slots])
    return [
        *(("F4", slots[0], amount) for amount in rain),
        *(("F5", slots[0], round(max(0.0, level(seed, gauge, slot)), 2)) for slot in slots),
    ]


def _carried(amounts: list[float]) -> list[float]:
    """Amounts that fit their slots, mm: what is too much for one goes to the next."""
    fitting, surplus = [], 0.0
    for amount in amounts:
        total = amount + surplus
        fitting.append(round(min(total, BLOCK_MOST_MM), 1))
        surplus = max(0.0, total - BLOCK_MOST_MM)
    return fitting


def _alive(gauge: Gauge, sent: Micros, serial: int) -> bytes:
    (frame,) = uplink(gauge.native, KEEP_ALIVE, bytes.fromhex(opening(serial, sent)), _link(gauge, serial))
    return frame


def _link(gauge: Gauge, serial: int) -> sl651.Link:
    return sl651.Link(station_class="T" if gauge.water.tide else "H", serial=serial)
