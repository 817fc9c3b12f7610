"""What the benchmarks say of themselves: best, median, ratio, floor, and what they call wrong."""

import pytest

from adapters import plainjson, senml, sl651
from sensing.model import Context
from tests.bench import fleet, messages, report
from tests.bench.parts import FLOORS, PARTS

DECODE = {"json": plainjson.decode, "sl651": sl651.decode, "senml": senml.decode}
DOOR = {"us_message": 1.0, "acked": 5, "logged": 5}


def door(rate, case="json 1 x 1000", **more):
    return {"case": case, "messages_s": rate, **DOOR, **more}


def test_best_and_median_come_from_all_rounds():
    """The best round is shown whole, the median is of the column that chose it; where small is good the least is best."""
    found = report.cases(PARTS["door"], [[door(10.0)], [door(30.0, us_message=3.0)], [door(20.0)]])
    assert found["json 1 x 1000"]["best"]["us_message"] == 3.0
    assert found["json 1 x 1000"]["median"] == 20.0
    slow, quick = {"case": "1/s", "ack_p99_ms": 9.0}, {"case": "1/s", "ack_p99_ms": 4.0}
    assert report.cases(PARTS["latency"], [[slow], [quick]])["1/s"]["best"] is quick


def test_a_disturbed_round_flatters_nobody():
    """The best ratio is of the best door and the best baseline, not of the round in which the baseline was slowest."""
    rounds = {"door": [[door(10.0)], [door(100.0)]], "paho": [[door(1.0)], [door(50.0)]]}
    assert report.ratios(rounds, "paho") == {"json 1 x 1000": {"best": 2.0, "median": 6.0, "least": 2.0}}
    assert report.ratios(rounds, "hand") == {}


def test_a_floor_is_told_met_or_not():
    """Below the floor it says so, whichever way the floor points; parts that did not run are not spoken of."""
    rounds = {"door": [[door(40.0)]], "paho": [[door(10.0)]], "demo": [[{"case": "all", "cores": 0.1, "mb": 500.0}]]}
    told = {(one["text"], one["case"]): one["met"] for one in report.floors(rounds)}
    assert told == {
        ("door / paho, saturated", "json 1 x 1000"): False,
        ("the demo at rest, cores", "all"): True,
        ("the demo at rest, MB", "all"): False,
    }
    assert any("NOT MET" in line for line in report.tables(rounds))


@pytest.mark.parametrize(
    ("part", "row"),
    [
        ("door", {"acked": 6, "logged": 5}),
        ("door", {"acked": 0, "logged": 0}),
        ("paho", {"rows": 4, "sent": 5}),
        ("work", {"balanced": False, "sent": 5, "frames": 5, "instants": 5}),
        ("work", {"balanced": True, "sent": 5, "frames": 5, "instants": 4}),
        ("whole", {"balanced": True, "sent": 5, "acked": 5, "rows": 6, "distinct": 5, "stored": 5}),
        ("whole", {"balanced": True, "sent": 5, "acked": 5, "rows": 4, "distinct": 4, "stored": 4}),
        ("latency", {"sent": 5, "acked": 5, "seen": 4}),
        ("tail", {"sent": 5, "acked": 5, "seen": 4}),
    ],
)
def test_what_was_lost_or_doubled_is_wrong(part, row):
    """A figure whose messages are not all there, once, is no figure."""
    assert len(report.wrong({part: [[{"case": "x", **row}]]})) == 1


def test_floors_are_of_parts_that_exist():
    """A floor names a part and a column of it."""
    assert all(floor.column in {key for key, _, _ in PARTS[floor.part].columns} for floor in FLOORS)


@pytest.mark.parametrize("form", messages.FORMATS)
def test_a_message_says_what_it_should(form):
    """Each format's message decodes to its readings of its device at its time, and has one length whoever sends it."""
    sizes = set()
    for number, later in ((0, 0), (7, 61), (999, 5_000)):
        at = messages.START_MS + later * messages.STEP_MS[form]
        payload = messages.MESSAGE[form](number, at)
        decoded = DECODE[form](payload, Context(messages.principal(number)))
        assert not decoded.errors
        assert len(decoded.readings) == messages.READINGS[form]
        named = messages.principal(number) if form == "json" else messages.native(form, number)
        assert {reading.native for reading in decoded.readings} == {named}
        assert {reading.time for reading in decoded.readings} == {at * 1000}
        sizes.add(len(payload))
    assert len(sizes) == 1


def test_packets_are_cut_at_their_size():
    """A block of packets is packets of one size with rising packet ids."""
    step = messages.STEP_MS["json"]
    block, size = messages.packets("json", 3, range(messages.START_MS, messages.START_MS + 5 * step, step))
    cut = [block[at : at + size] for at in range(0, len(block), size)]
    topic = messages.topic("json", 3).encode()
    assert [int.from_bytes(one[5 + len(topic) : 7 + len(topic)], "big") for one in cut] == [1, 2, 3, 4, 5]
    assert all(one[5 : 5 + len(topic)] == topic for one in cut)


def test_the_fleet_says_what_it_should():
    """Every device speaks, four values a message; one in twenty is late by ten minutes, one in twenty says again what was said."""
    due = range(messages.START_MS, messages.START_MS + 4_000 * 124, 124)
    said = list(fleet.said(due))
    assert sum(at % 2 for at in said) == len(due) // 20
    block, size = fleet.packets(7, due)
    head, first = size - len(fleet.message(0, due[0])), fleet.speaker(7, due[0])
    payloads = [block[at + head : at + size] for at in range(0, len(block), size)]
    assert payloads[0] == fleet.message(first, due[0])
    assert len(payloads) - len(set(payloads)) == len(said) - len(set(said)) == len(due) // 20
    natives = set()
    for payload, at in zip(payloads, said, strict=True):
        decoded = senml.decode(payload, Context("d007"))
        assert {reading.time for reading in decoded.readings} == {at * 1000}
        assert len(decoded.readings) == fleet.VALUES
        natives |= {reading.native for reading in decoded.readings}
    assert natives <= {f"gauge{number:04}" for number in range(7 * fleet.EACH, 8 * fleet.EACH)}
    assert len(natives) == fleet.EACH


def test_the_late_ones_of_the_fleet_are_none_of_its_backlog():
    """What is late was not said before: or a row would be missing that was never to be there."""
    due = range(messages.START_MS, messages.START_MS + 60_000, 31)
    late = {at for at in fleet.said(due) if at < due[0]}
    assert late
    assert all(at % 2 for at in late)
    for frame in fleet.frames(50, messages.START_MS):
        (at,) = {reading.time for reading in senml.decode(frame.payload, Context("d007")).readings}
        assert at % 2_000 == 0
