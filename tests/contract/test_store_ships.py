"""One suite for every implementation of the Store port: port calls, what is told of ships and storms, and the events of both."""

import random
from contextlib import closing

import pytest

from sensing.maritime.harbours import shipped
from sensing.store import Batch, Bulletin, Cargo, Inspection, SeriesKey
from sensing.store.events import SELECT
from sensing.times import HOUR, MINUTE
from tests.contract.stores import batch, row

T = 1_473_768_000_000_000
TANKER, RIDER = "mmsi-440702000", "mmsi-477100001"
SEA, BERTH, OUTER = (117.60, 23.50), shipped().berth("gulei-s18").point, (117.61, 23.615)


def reports():
    """(ship, time, place, speed, status): one comes from sea to a berth and leaves again, the other rides at an open anchorage."""
    for minute in range(0, 20, 2):
        yield TANKER, T + minute * MINUTE, SEA, 10.0, 0
        yield TANKER, T + 10 * HOUR + minute * MINUTE, SEA, 10.0, 0
    for minute in range(0, 8 * 60, 6):
        yield TANKER, T + HOUR + minute * MINUTE, BERTH, 0.1, 5
    for minute in range(0, 12 * 60, 6):
        yield RIDER, T + minute * MINUTE, OUTER, 0.1, 1


def said(store, report):
    """The rows of a report."""
    ship, time, place, speed, status = report
    at = row(store, time, 1, key=SeriesKey(ship, "position", "instant", "", ""), result=None)
    at.lon, at.lat = place
    yield at
    for name, value in (("speed_over_ground", speed), ("navigation_status", status)):
        yield row(store, time, 1, key=SeriesKey(ship, name, "instant", "", ""), result=float(value))


def declared(place):
    """A cargo, an inspection, and a storm that comes over the harbour fifteen hours after the begin."""
    track = [(T + hour * HOUR, 117.6, 10.0 + 0.9 * hour, 45.0, 950.0) for hour in range(0, 25, 6)]
    made = Batch(place=place)
    made.cargoes.append(Cargo(TANKER, "", "ULSAN PIONEER", 1301, "vinyl acetate", 3000.0, "Busan", T + HOUR, "wang", T, place))
    made.inspections.append(Inspection("i1", TANKER, T, "no deficiencies", "wang", T, place))
    made.bulletins.append(Bulletin("", "story", track, "wang", T, place))
    return made


def told(store):
    """Calls, events and declarations as readers are told them: no ids, no history."""
    with closing(store.reader()) as reader:
        ships = reader.ships()
        calls = [(call.thing, call.port, call.arrived, call.berth, call.berthed, call.unberthed, call.departed, len(call.stays))
                 for call in ships.calls(None)]  # fmt: skip
        things = [one.thing for one in ships.cargoes([""])], [one.note for one in ships.inspections([TANKER])]
        storms = [(run, name, len(points)) for run, name, points in ships.storms(None)]
    return calls, things, storms


def raised(store):
    """(kind, ship, start, end, severity) of the events that stand."""
    found = store.connection.execute(SELECT + " WHERE e.state <> 'withdrawn'")
    return sorted((event[2], event[3], event[11], event[12] or 0, event[13]) for event in found)


@pytest.mark.parametrize("seed", [None, 3])
def test_ships_are_found_alike_in_any_order(opened, stores, seed):
    """In order at once, or shuffled in batches with new processes between: calls, cargo, storm and events as they were."""
    store, chance = opened(), random.Random(seed)
    frames = sorted(reports(), key=lambda report: report[1])
    if seed is not None:
        chance.shuffle(frames)
    half = len(frames) // 2
    for number, part in enumerate((frames[:half], frames[half:])):
        store.commit(batch(store, 2 * number + 1, *(one for report in part for one in said(store, report))))
        if number == 0:
            store.commit(declared(2))
            store = opened() if seed is not None else store
    calls, things, storms = told(store)
    tanker = next(call for call in calls if call[0] == TANKER)
    assert tanker[1:] == ("gulei", None, "gulei-s18", T + HOUR, T + 10 * HOUR, T + 10 * HOUR, 1)
    assert (things, storms) == (([TANKER], ["no deficiencies"]), [("", "story", 5)])
    events = raised(store)
    assert [(kind, ship) for kind, ship, *_ in events] == [("dangerous_goods", TANKER), ("unsheltered", RIDER)]
    assert (events[0][2:4], events[0][4]) == ((T + HOUR, T + 10 * HOUR), 1)
    assert T < events[1][2] <= T + 10 * HOUR
