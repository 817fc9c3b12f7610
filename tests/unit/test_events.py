"""Events of other departments: what is stored of one, and what names it."""

import json

import pytest

from adapters import events
from sensing.errors import ValidationError
from sensing.model import Context
from sensing.things import load_types
from sensing.times import parse_instant

EVENT = {"source": "cam-0412", "id": "a-118", "kind": "ponding_depth", "time": "2026-09-14T19:00:00+08:00", "severity": "warning", "text": "水深过膝", "value": 0.42}  # fmt: skip
TIME = parse_instant("2026-09-14T11:00:00Z")


def read(*changes, **settings):
    found = [{key: value for key, value in {**EVENT, **change}.items() if value is not ...} for change in changes or ({},)]
    payload = json.dumps(found[0] if len(found) == 1 else found).encode()
    return events.decode(payload, Context("platform", settings=lambda _native: settings))


def test_an_event_is_a_reading_and_a_fact():
    """Its value is observed, all of it is kept; source, id and time name it."""
    said = read()
    assert [(r.native, r.property, r.value, r.unit, r.time) for r in said.readings] == [
        ("cam-0412", "ponding_depth", 0.42, "m", TIME)
    ]
    assert [(f.native, f.key, f.time) for f in said.facts] == [("cam-0412", "event/a-118", TIME)]
    assert json.loads(said.facts[0].value) == {"kind": "ponding_depth", "severity": "warning", "text": "水深过膝", "value": 0.42}


def test_two_of_one_instant_are_both_kept():
    """Two calls in one second are one observation's time, and two facts."""
    said = read({"id": "1", "kind": "citizen_call", "value": ...}, {"id": "2", "kind": "citizen_call", "value": ...})
    assert [fact.key for fact in said.facts] == ["event/1", "event/2"]
    assert {reading.property for reading in said.readings} == {"events_citizen_call"}


def test_the_same_event_is_the_same_fact():
    """However its members are ordered, and whatever else stands beside them."""
    again = {"zzz": 1, **dict(reversed(EVENT.items()))}
    assert events.decode(json.dumps(again).encode(), Context("p")).facts == read().facts


@pytest.mark.parametrize(("status", "value"), [("open", 1), (..., 1), ("Closed", 0), ("已解除", 0), ("processing", 1)])
def test_without_a_value_it_lasts_or_is_over(status, value):
    """An alarm that states no number is 1 while it lasts and 0 afterwards, never a depth of one metre."""
    reading = read({"value": ..., "status": status}).readings[0]
    assert (reading.property, reading.value, reading.unit) == ("events_ponding_depth", value, None)


def test_counters_of_one_source_may_be_told_apart():
    """A type says that the id names a counter, which is then a channel."""
    assert [reading.channel for reading in read({"id": "lot-1"}, {"id": "lot-2"}, by_id=True).readings] == ["lot-1", "lot-2"]
    assert [reading.channel for reading in read({"id": "lot-1"}, {"id": "lot-2"}).readings] == ["", ""]


def test_settings_are_checked():
    """Shipped types are fine; another kind of value is named."""
    kinds = [kind for kind in load_types().values() if kind.adapter == "events"]
    assert {kind.domain for kind in kinds} >= {"people", "city", "industry"}
    for kind in kinds:
        events.check(kind.settings)
    with pytest.raises(ValidationError, match="by_id"):
        events.check({"by_id": "yes"})


def test_members_are_written():
    """A simulator's event carries its words."""
    said = read()
    assert json.loads(events.encode(said.readings, severity="warning"))["severity"] == "warning"
