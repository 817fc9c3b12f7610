"""The simulated fleet: its devices fit the registry, its frames say what the gauges measured, and the same seed gives the same bytes."""

import hashlib
import itertools

import pytest

from adapters import sl651
from sensing import topics
from sensing.model import Context, Quality, QualityReason, Thing
from sensing.observe import observe
from sensing.registry import DeviceForm
from sensing.registry.natives import normal
from sensing.things import load_types
from sensing.times import DAY, HOUR, MINUTE, SECOND
from simulators import gauges, reports
from simulators.clock import Clock
from simulators.fleet import MOST, demo_devices, demo_fleet

START = 1_790_000_017_000_000  # 2026-09-21T14:13:37Z
NAMES = {"39": "water_level", "F5": "water_level", "20": "rainfall", "22": "rainfall", "F4": "rainfall", "38": "supply_voltage"}


def played(fleet, length, start=START):
    return list(itertools.takewhile(lambda sent: sent.time < start + length, reports.frames(fleet, Clock(start))))


def digest(frames):
    return hashlib.sha256(b"".join(f"{f.time} {f.topic} ".encode() + f.payload for f in frames)).hexdigest()


def test_the_demo_has_fifty_gauges_behind_ten_gateways():
    """Ids, addresses and places are distinct, in the country, and addresses are ones that SL 651 allows."""
    gateways, forms = demo_devices(7)
    assert (len(forms), len(gateways)) == (50, 10)
    for key in ("id", "native", "name"):
        assert len({form[key] for form in forms}) == 50
    assert {form["type"] for form in forms} == {"river-gauge", "tide-gauge"}
    assert {form["principal"] for form in forms} == set(gateways)
    assert all(topics.is_id(name) for name in [*gateways, *(form["id"] for form in forms)])
    assert all(normal("sl651", DeviceForm.read(form).native) == form["native"] for form in forms)
    assert all(23.5 < form["lat"] < 25.6 and 117 < form["lon"] < 118.4 for form in forms)
    assert all(1 <= int(form["native"][6:], 16) <= 60_000 and form["native"][:6].isdecimal() for form in forms)


def test_fleets_of_other_sizes_fit_together():
    """A device of one size of fleet is the same device, behind the same gateway, in any other."""
    small, large = ({form["id"]: form for form in demo_devices(7, size)[1]} for size in (12, 400))
    assert len(small) == 12
    assert len(large) == 400
    assert len({form["native"] for form in large.values()}) == 400
    assert all(large[name] == form for name, form in small.items())


@pytest.mark.parametrize("number", [0, -1, MOST + 1])
def test_a_fleet_of_no_size_is_refused(number):
    """A number that the demo cannot have is named."""
    with pytest.raises(ValueError, match=f"{number} devices"):
        demo_fleet(7, number)


# Frames


def test_the_same_seed_gives_the_same_bytes():
    """24 virtual hours: the same seed gives one digest, another seed another."""
    first, again, other = (digest(played(demo_fleet(seed, 10), DAY)) for seed in (7, 7, 8))
    assert first == again
    assert first != other


@pytest.fixture(scope="module")
def some_hours():
    """Three virtual hours of the whole fleet, across 08:00 Beijing time, and each frame read by the adapter."""
    fleet = demo_fleet(7, every_min=5)
    frames = played(fleet, 3 * HOUR, start=START // DAY * DAY + DAY - HOUR + 1)
    return fleet, frames, [sl651.decode(f.payload, Context(f.gateway, received=f.time)) for f in frames]


def test_frames_come_in_order_and_each_gauge_at_once(some_hours):
    """Times never go back, all gauges are heard within two seconds, and topics are those of their gateways."""
    fleet, frames, _ = some_hours
    assert all(a.time <= b.time for a, b in itertools.pairwise(frames))
    first = [f for f in frames if f.time < frames[0].time + 2 * SECOND]
    assert {f.payload[3:8].hex().upper() for f in first} == {gauge.native for gauge in fleet.gauges}
    assert all(f.topic == topics.up("sl651", f.gateway) for f in frames)


def test_there_is_always_something_to_watch():
    """At one report a minute no gauge is silent, none says a minute twice, and the longest silence of the fleet is three seconds."""
    frames = played(demo_fleet(7, every_min=1), 5 * MINUTE)
    assert max(b.time - a.time for a, b in itertools.pairwise(frames)) <= 3 * SECOND
    told = [(f.payload[3:8], f.payload[32:37]) for f in frames if f.payload[10] != reports.KEEP_ALIVE]
    assert len(told) == len(set(told))
    assert len(told) == pytest.approx(50 * 6, abs=2)


def test_every_frame_says_what_the_gauge_measured(some_hours):
    """The adapter reads back each value, code and time that was sent; blocks anchored at their first slot."""
    fleet, frames, decoded = some_hours
    by_native = {gauge.native: gauge for gauge in fleet.gauges}
    seen = set()
    for frame, found in zip(frames, decoded, strict=True):
        function, gauge = frame.payload[10], by_native[frame.payload[3:8].hex().upper()]
        seen.add(function)
        assert not found.errors
        if function == reports.KEEP_ALIVE:
            assert not found.readings
            continue
        minute = (frame.time - gauge.slot_s * SECOND) // MINUTE * MINUTE
        sent = reports.said(fleet.seed, gauge, frame.time, minute, function)
        assert [(r.native, r.code, r.value) for r in found.readings] == [(r.native, r.code, pytest.approx(r.value)) for r in sent]
        assert all(r.property == NAMES[r.code] for r in found.readings)
        blocks = [r.time for r in found.readings if r.code == "F5"]
        assert blocks in ([], [minute - HOUR + n * 5 * MINUTE for n in range(1, 13)])
        assert all(r.time == minute for r in found.readings if r.code not in ("F4", "F5"))
    assert seen >= {reports.KEEP_ALIVE, reports.TIMED, reports.HOURLY}


def test_one_time_has_one_value(some_hours):
    """Whatever report tells it, a series has one value at a time: nothing is revised."""
    _, _, decoded = some_hours
    told = {}
    for reading in (reading for found in decoded for reading in found.readings):
        key = (reading.native, reading.property, reading.statistic, reading.channel, reading.time)
        assert told.setdefault(key, reading.value) == reading.value
    assert len(told) > 1_000


def test_no_reading_is_flagged(some_hours):
    """What the gauges say lies inside their types' limits, and their clocks are right."""
    fleet, frames, decoded = some_hours
    types, flags = load_types(), set()
    things = {
        gauge.native: Thing(gauge.id, gauge.type, "sl651", gauge.native, gauge.gateway, limits=types[gauge.type].limits)
        for gauge in fleet.gauges
    }
    for frame, found in zip(frames, decoded, strict=True):
        for reading in found.readings:
            (observed,) = observe(reading, things[reading.native], frame.time)
            flags.add((observed.quality, observed.reason))
    assert flags == {(Quality.GOOD, QualityReason.NONE)}


def test_every_report_is_owed_a_confirm(some_hours):
    """Mode M2: the adapter answers each report and no keep-alive."""
    _, frames, decoded = some_hours
    assert all(bool(found.replies) == (f.payload[10] != reports.KEEP_ALIVE) for f, found in zip(frames, decoded, strict=True))


def test_a_rising_river_reports_out_of_turn():
    """While a river rises fast it reports every minute by 33H, level first; a quiet one every five minutes by 32H."""
    fleet = demo_fleet(7)
    rivers = [gauge for gauge in fleet.gauges if gauge.water.catchment]
    minutes = range(START // MINUTE * MINUTE, START + DAY, MINUTE)
    gauge, minute = next((g, m) for g in rivers for m in minutes if m % HOUR and gauges.rising_fast(7, g, m))
    assert reports.due(fleet, gauge, minute) == reports.EXTRA
    frame = reports.report(7, gauge, minute + gauge.slot_s * SECOND, minute, reports.EXTRA, 9)
    assert frame[10] == reports.EXTRA
    assert sl651.decode(frame, Context("x", received=minute + MINUTE)).readings[0].code == "39"
    quiet = next(m for m in minutes if m // MINUTE % 5 == 2 and not gauges.rising_fast(7, gauge, m))
    assert reports.due(fleet, gauge, quiet) is None
    tidal = next(gauge for gauge in fleet.gauges if gauge.water.tide)
    assert not any(gauges.rising_fast(7, tidal, m) for m in minutes)


def test_a_block_carries_what_a_slot_cannot_hold():
    """A slot of F4 holds 25.4 mm; the surplus is in the next one and the sum stays."""
    assert reports._carried([30.0, 1.0, 0.0]) == [25.4, 5.6, 0.0]
