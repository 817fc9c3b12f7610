"""A flood's peak in a station's own bytes: 33H beside 32H of the same minute is what is served, and what is warned of."""

import pytest

from adapters import sl651
from adapters._wire.sl651_examples import reading
from sensing.store.event_reader import WantedEvents, listed
from sensing.things import ThingType
from tests.house import TYPES, House
from tests.sl651_frames import STATION

GAUGE = ThingType(id="river-gauge", name_zh="河道水位站", name_en="River gauge", adapter="sl651", properties=("water_level",))


@pytest.mark.parametrize("first", [0, 1])
def test_a_peak_of_the_same_minute_is_served_and_warned_of(tmp_path, first):
    """Whichever of the two arrives first, the added report stands, and its danger is an event named as the guarantee level."""
    house = House(tmp_path, adapters={"sl651": sl651}, types=TYPES | {"river-gauge": GAUGE})
    levels = {"water_level": {"watch": 2.0, "danger": 4.0}}
    house.device("r1", type="river-gauge", native=STATION, settings={"thresholds": levels})
    quiet, peak = sl651.encode([reading("39", 1.2, native=STATION), reading("39", 4.3, native=STATION, rank=5)], sl651.Link())
    assert {quiet[10], peak[10]} == {0x32, 0x33}
    for payload in (quiet, peak)[:: 1 if first == 0 else -1]:
        house.send("r1", payload, adapter="sl651")
    (event,) = listed(house.work.store.connection, WantedEvents(states=()), 9)
    assert (event.kind, event.severity, event.peak, event.more) == ("water_level_high", 2, 4.3, {"level": "river_guarantee"})
    house.close()
