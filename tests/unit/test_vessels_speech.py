"""What receivers pass on: read back as it was true, stored once, and the same bytes however it is asked for."""

import hashlib
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from pyais import decode as pyais_decode

from adapters import ais
from adapters._wire.ais_armour import armour
from adapters._wire.ais_batch import pack_rows, turn_codes
from adapters._wire.ais_fields import BITS, FIELDS, pack
from adapters._wire.nmea_sentence import parse
from sensing.model import Context
from sensing.store.reader import Wanted
from sensing.times import HOUR, MINUTE, SECOND
from simulators.vessels import build_traffic, speech
from tests.forward import Bench, sums
from tests.vessel_story import WindStory

ROOT = Path(__file__).resolve().parents[2]
STORY = WindStory(hours=30)
NOON = STORY.begin + 9 * HOUR


@pytest.fixture(scope="module")
def traffic():
    return build_traffic(STORY, 7, 60)


@pytest.fixture(scope="module")
def minutes(traffic):
    """Eight minutes of sayings."""
    return list(traffic.sayings(NOON, NOON + 8 * MINUTE))


def read_back(traffic, sayings):
    """{(thing, property, time): result or place} of what the adapter makes of payloads, and facts by thing."""
    values, facts, states = {}, {}, {}
    for place, saying in enumerate(sayings, 1):
        context = Context(principal=saying.device.gateway, received=saying.time, place=place)
        decoded = ais.decode(traffic.encode(saying), context, states.get(saying.device.id))
        states[saying.device.id] = decoded.state
        assert not decoded.errors
        assert not decoded.waiting
        for reading in decoded.readings:
            what = reading.position if reading.property == "position" else float(reading.value)
            key = (ais.thing_id(reading.native), reading.property, reading.time)
            assert values.setdefault(key, what) == what
        for fact in decoded.facts:
            facts.setdefault(ais.thing_id(fact.native), {})[fact.key] = fact.value
    return values, facts


def truths(sayings):
    return {(one.thing, one.property, one.time): one.place or one.result for saying in sayings for one in saying.truth}


# --- the same thing comes back ---


def test_what_is_read_is_what_was_true(traffic, minutes):
    """Every value and every time of ships, base stations and buoys; nothing more and nothing less."""
    values, _ = read_back(traffic, minutes)
    expected = truths(minutes)
    assert len(expected) > 1500
    assert {name for _, name, _ in expected} == {
        "position", "speed_over_ground", "course_over_ground", "heading", "rate_of_turn", "navigation_status", "draught", "ais_off_position",
    }  # fmt: skip
    assert values == expected


def test_truth_stands_beside_its_reading(minutes):
    """The n-th truth of a saying is that of its n-th reading: a fault finds what it changes."""
    for saying in minutes:
        assert [(f"mmsi-{r.native}", r.property, r.time) for r in saying.readings] == [
            (t.thing, t.property, t.time) for t in saying.truth
        ]


def test_static_data_name_ship_cargo_and_voyage(traffic, minutes):
    """Names, types, numbers and destinations as facts; class B by type 24."""
    _, facts = read_back(traffic, minutes)
    seed = facts["mmsi-440702000"]
    assert seed.items() >= {
        "name": "ULSAN PIONEER", "flag": "KR", "imo": "9402184", "ship_type": "tanker", "dangerous_goods": "Y", "length_m": "92",
        "beam_m": "15", "destination": "ZHANGZHOU GULEI", "draught": "5.9",
    }.items()  # fmt: skip
    by_thing = {ship.thing: ship for ship in traffic.ships}
    boats = [thing for thing in facts if thing in by_thing and by_thing[thing].traits.class_b]
    assert len(boats) > 3
    assert all(facts[thing]["name"] == by_thing[thing].name for thing in boats if "name" in facts[thing])
    assert any(fact.get("aid_type") == "starboard hand mark" for fact in facts.values())


def test_a_ship_that_lies_still_reports_every_three_minutes(traffic):
    """At anchor or moored (class A, up to 3 knots) and below 2 knots (class B): every third minute; under way: every minute."""
    window = np.arange(NOON, NOON + 12 * MINUTE, MINUTE)
    said = {}
    for saying in traffic.sayings(NOON, NOON + 20 * MINUTE):
        for one in saying.truth:
            if one.property == "position":
                said.setdefault(one.thing, set()).add(one.time // MINUTE)
    found = {1: set(), 3: set()}
    for number, ship in enumerate(traffic.ships):
        state = traffic.positions(window + number * 37 % 60 * SECOND)
        status, speed = state.status[number], state.speed[number]
        lies = (speed < 2) if ship.traits.class_b else np.isin(status, (1, 5)) & (speed <= 3)
        heard = sorted(said.get(ship.thing, set()) & set((window // MINUTE).tolist()))
        if len(heard) > 2 and (lies.all() or not lies.any()):
            every = 3 if lies.all() else 1
            found[every].add(ship.thing)
            assert {later - one for one, later in pairwise(heard)} == {every}, ship
    assert all(found.values())


def test_an_independent_reader_agrees(traffic, minutes):
    """pyais reads the same place, speed and second from each class A sentence of a payload."""
    payload = traffic.encode(minutes[0])
    expected = truths(minutes[:1])
    seen = 0
    for line in payload.splitlines():
        sentence = parse(line)
        bare = line[line.rindex(b"\\") + 1 :]
        if b"AIVDM,1,1" in bare and bare.split(b",")[5][:1] == b"1":
            message = pyais_decode(bare)
            thing = f"mmsi-{message.mmsi}"
            assert expected[thing, "position", sentence.time] == (message.lon, message.lat)
            assert expected[thing, "speed_over_ground", sentence.time] == message.speed
            assert message.second == sentence.time // 1_000_000 % 60
            seen += 1
    assert seen > 3


def test_tag_blocks_name_the_receiver(traffic, minutes):
    r"""Each sentence begins with \s:receiver,c:seconds*hh\ ."""
    for saying in minutes[:8]:
        lines = traffic.encode(saying).splitlines()
        assert all(line.startswith(b"\\s:%b,c:1" % saying.device.id.encode()) for line in lines)


# --- stored once ---


def test_two_receivers_that_hear_one_vessel_make_one_row(traffic, minutes, tmp_path):
    """Through decode, resolve, observe and store: the store holds exactly the truth, each value once, whoever heard it."""
    bench = Bench(tmp_path)
    bench.adapter = ais
    bench.work.store.close()
    bench.work = bench.worker()
    two = [saying for saying in minutes if saying.time < NOON + 2 * MINUTE]
    for saying in two:
        bench.clock = saying.time
        bench.say(traffic.encode(saying), principal=saying.device.gateway, run="r1")
    reader = bench.run()
    rows = reader.observations(Wanted(runs=("r1",)), 100_000)
    stored = {
        (row["device"], row["property"], row["time"]): (row["lon"], row["lat"])
        if row["property"] == "position"
        else row["result"]
        for row in rows
    }
    said = sum(len(saying.truth) for saying in two)
    assert len(rows) == len(stored) < said
    assert set(stored.values()) == set(truths(two).values())
    assert len(stored) == len(truths(two))
    assert sums(reader, "stored", "duplicate") == (len(rows), said - len(rows))
    bench.close()


# --- the same bytes ---


def fingerprint(traffic, windows):
    digest = hashlib.sha256()
    for begin, end in windows:
        for saying in traffic.sayings(begin, end):
            digest.update(saying.time.to_bytes(8, "big") + saying.device.id.encode() + traffic.encode(saying))
    return digest.hexdigest()


def test_any_windows_give_the_same_bytes(traffic):
    """Whole, in halves, in odd pieces, and with the later part asked for first."""
    end = NOON + 20 * MINUTE
    whole = fingerprint(traffic, [(NOON, end)])
    cuts = [NOON, NOON + 61_234_567, NOON + 3 * MINUTE, NOON + 3 * MINUTE + 5_000_000, NOON + 17 * MINUTE, end]
    pieces = list(pairwise(cuts))
    fingerprint(traffic, pieces[3:])
    assert fingerprint(traffic, pieces) == whole
    assert fingerprint(build_traffic(STORY, 7, 60), [(NOON, end)]) == whole
    assert fingerprint(build_traffic(STORY, 8, 60), [(NOON, end)]) != whole


def test_another_process_gives_the_same_bytes(traffic):
    """Whatever the seed of Python's own hashes."""
    script = (
        "from tests.unit.test_vessels_speech import *\n"
        "print(fingerprint(build_traffic(STORY, 7, 60), [(NOON, NOON + 4 * MINUTE)]))"
    )
    environment = {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "99"}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, env=environment, check=True, timeout=60
    )
    assert done.stdout.strip() == fingerprint(traffic, [(NOON, NOON + 4 * MINUTE)])


def test_sayings_come_in_order_and_within_their_window(traffic):
    """In order of time, each in [begin, end), one receiver after the other."""
    times = [saying.time for saying in traffic.sayings(STORY.begin, STORY.begin + 6 * MINUTE)]
    assert times == sorted(times)
    assert len(times) >= 5 * len(traffic.devices)
    assert STORY.begin <= times[0]
    assert times[-1] < STORY.begin + 6 * MINUTE


def test_many_ships_are_several_payloads(traffic, minutes, monkeypatch):
    """Beyond so many reports a receiver sends another payload, in order of time; together they say what one did."""
    monkeypatch.setattr(speech, "MOST", 7)
    split = list(traffic.sayings(NOON, NOON + 8 * MINUTE))
    assert len(split) > len(minutes)
    assert [saying.time for saying in split] == sorted(saying.time for saying in split)
    assert max(sum(reading.code == "speed" for reading in saying.readings) for saying in split) == 7
    values, _ = read_back(traffic, split)
    assert values == truths(minutes)


def test_a_full_payload_fits_a_packet(traffic, minutes):
    """400 position reports with every sixth ship's static data are below the 64 KiB that the door takes."""
    lines = [line for saying in minutes for line in traffic.encode(saying).splitlines()]
    moves = max(len(line) for line in lines if b"VDM,1,1,,A,1" in line or b"VDM,1,1,,A,B" in line) + 2
    longest = max(len(line) for line in lines) + 2
    assert speech.MOST * moves + speech.MOST // 6 * 2 * longest + 40 * longest < 65_000


def test_receivers_are_devices_and_gateways(traffic):
    """Eight receivers, each under a principal of its own; none has an MMSI's form, so none owns a vessel."""
    assert len(traffic.devices) == len(traffic.gateways) == 8
    assert sorted(device.gateway for device in traffic.devices) == list(traffic.gateways)
    assert all(device.type == "ais-receiver" and not device.native.isdigit() for device in traffic.devices)
    assert traffic.gateway_kind == "receiver"


# --- what goes wrong ---


def test_a_changed_reading_goes_on_the_wire(traffic, minutes):
    """Faults change readings: a spike, a missing value and a wrong clock are said as they are claimed."""
    found = [(one, n) for one in minutes for n, r in enumerate(one.readings) if (r.code, r.native) == ("speed", "440702000")]
    saying, at = found[0]
    readings = [r for r in saying.readings if r.native == "440702000" and r.code not in ("speed", "draught")]
    wrong = saying.readings[at]
    spiked = saying.with_readings(
        [*readings, type(wrong)(**{name: getattr(wrong, name) for name in wrong.__struct_fields__} | {"value": 70.0})]
    )
    spiked.meta = ()
    decoded = ais.decode(traffic.encode(spiked), Context(principal="rx", received=saying.time))
    assert {r.code: r.value for r in decoded.readings}["speed"] == 70.0
    missing = spiked.with_readings(spiked.readings[:-1])
    assert "speed" not in {
        r.code for r in ais.decode(traffic.encode(missing), Context(principal="rx", received=saying.time)).readings
    }
    wild = spiked.with_readings([type(wrong)("440702000", "speed", "speed_over_ground", 1e6, time=wrong.time)])
    with pytest.raises(ValueError, match=r"speed .* does not fit"):
        traffic.encode(wild)


# --- packing ---


@pytest.mark.parametrize("kind", [1, 3, 18])
def test_packing_many_is_packing_each(kind):
    """The same armour as field by field, at the ends of every field too."""
    draw = np.random.default_rng(7)
    fields = [field for field in FIELDS[kind] if field.name != "msg_type"]
    columns = {
        field.name: np.array(
            [-field.sign, (field.sign or field.mask + 1) - 1, *draw.integers(-field.sign, (field.sign or field.mask + 1), 30)]
        )
        for field in fields
    }
    columns["mmsi"] = np.clip(columns["mmsi"], 1, 999_999_999)
    for row, packed in enumerate(pack_rows(kind, columns)):
        message = pack(kind, {"msg_type": kind})
        for field in fields:
            message |= (int(columns[field.name][row]) & field.mask) << field.shift
        assert packed.decode() == armour(message, BITS[kind])[0]


def test_packing_nobody_is_nothing():
    """No rows, no messages."""
    assert pack_rows(1, {"mmsi": np.array([], dtype=np.int64)}) == []


def test_turns_are_coded_as_the_standard_says():
    """4.733 times the root, with its sign, at most 126: 127 is for turns that are only known to be fast."""
    assert turn_codes(np.array([0.0, 1.0, -1.0, 20.0, -709.0, 9999.0])).tolist() == [0, 5, -5, 21, -126, 126]
