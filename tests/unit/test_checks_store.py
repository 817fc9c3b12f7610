"""Checks from frames: what a later value does to an earlier one, in rows, events and `explain`; restarts; the lake."""

import pytest

from sensing import times
from sensing.errors import ValidationError
from sensing.registry import DeviceForm
from sensing.settings import Lake
from sensing.store.lake.seal import seal
from sensing.times import HOUR, MINUTE
from tests.house import House, reading

CHECKS = {"water_level": {"spike": 0.6, "rate": 3, "stuck": "2h", "step": 0.25, "still": [0], "factors": [100], "least": 0.3}}


@pytest.fixture
def house(tmp_path):
    found = House(tmp_path)
    found.device("g1", settings={"checks": CHECKS, "thresholds": {"water_level": {"watch": 2.8}}})
    yield found
    found.close()


def say(house, *values, first=0, step=5, late=0):
    """Values five minutes apart, one frame each."""
    for place, value in enumerate(values, first):
        time = house.now + place * step * MINUTE
        house.send("g1", reading("g1", value, time), received=time + late * MINUTE)


def shown(house):
    """(result, quality, reason) in order of time."""
    rows = house.work.store.connection.execute("SELECT result, quality, reason FROM hot WHERE served ORDER BY time")
    return [(result, quality, {0: "", 4: "rate", 5: "spike", 6: "flat_line", 8: "clock", 9: "unit_flip"}.get(reason, reason))
            for result, quality, reason in rows]  # fmt: skip


def test_the_newest_value_is_doubted_until_the_next_one_comes(house):
    """A step is real once another value stands by it; a spike is failed once the water is back."""
    say(house, 1.0, 1.0, 4.0)
    assert shown(house)[-1] == (4.0, 3, "spike")
    say(house, 1.01, first=3)
    assert shown(house)[2:] == [(4.0, 4, "spike"), (1.01, 1, "")]
    say(house, 4.0, 4.1, first=4)
    assert shown(house)[4:] == [(4.0, 1, ""), (4.1, 1, "")]


def test_a_spike_raises_no_event_and_a_step_does(house):
    """What is doubted is no sample; once it is good again the event has its own start."""
    db = house.work.store.connection
    say(house, 1.0, 4.0, 1.0)
    assert db.execute("SELECT count(*) FROM events WHERE kind = 'water_level_high'").get == 0
    say(house, 4.0, 4.1, first=3)
    assert db.execute("SELECT start FROM events WHERE kind = 'water_level_high'").get == house.now + 15 * MINUTE


def test_a_late_value_that_makes_a_spike_takes_the_event_back(house):
    """4.0 stood beside 3.9 as a step; when the 3.9 is corrected there was nothing."""
    db = house.work.store.connection
    say(house, 1.0, 1.0, 4.0, 3.9)
    assert db.execute("SELECT state FROM events WHERE kind = 'water_level_high'").get == "open"
    house.send("g1", reading("g1", 1.02, house.now + 15 * MINUTE, s=house.now), received=house.now + 16 * MINUTE)
    assert shown(house)[2:] == [(4.0, 4, "spike"), (1.02, 1, "")]
    assert db.execute("SELECT state FROM events WHERE kind = 'water_level_high'").get == "withdrawn"


def test_a_stuck_sensor_is_doubted_from_half_an_hour_on(house):
    """Once a moving level has stood for two hours, the run is doubted but for what it said while it was still true; a dry road (0) never is."""
    say(house, *(1.0 + 0.01 * place for place in range(12)), *([1.5] * 25))
    assert {flag[1:] for flag in shown(house)[18:]} == {(3, "flat_line")}
    assert {flag[1:] for flag in shown(house)[:18]} == {(1, "")}
    say(house, *([0.0] * 30), first=37)
    assert {flag[1:] for flag in shown(house)[38:]} == {(1, "")}


def test_centimetres_are_doubted_while_they_last_and_after_a_restart(house):
    """The episode is told by its first step, also by a worker that begins anew within it, and ends with the step back."""
    say(house, 0.10, 0.11, 11.0, 11.2)
    house.work = house.make_work()
    say(house, 11.5, 0.12, 0.12, first=4)
    assert [flag[2] for flag in shown(house)] == ["", "", "unit_flip", "unit_flip", "unit_flip", "", ""]


def test_a_clock_that_is_behind_falls_among_what_was_told(house):
    """Values of four hours ago between those of then are failed; values that fill a gap are late, and good."""
    say(house, *(1.0 + 0.001 * place for place in range(60)))
    for place in range(60, 64):
        time = house.now + place * 5 * MINUTE
        house.send("g1", reading("g1", 2.0, time - 4 * HOUR + MINUTE), received=time)
    flags = shown(house)
    assert flags.count((2.0, 4, "clock")) == 4
    assert len(flags) == 64
    say(house, 1.1, 1.1, first=80)
    say(house, 1.09, first=70, late=180)
    assert (1.09, 1, "") in shown(house)


async def test_a_verdict_reaches_a_row_that_is_sealed(house):
    """The value before lies in a file when the next one shows that it was a spike: readers are told."""
    say(house, 1.0, 1.0, 4.0)
    path = house.data / "store.db"
    assert seal(path, Lake(seal_after_min=0), times.now() + HOUR)
    house.work.store.tend_lake()
    say(house, 1.0, first=3)
    told = await house.ask("GET", "/api/observations?device=g1&property=water_level")
    assert [(row["quality"], row["reason"]) for row in told["items"]][2] == (4, "spike")


async def test_explain_says_which_check_and_what_it_compared(house):
    """The step `checks` names the check, its threshold and the neighbours."""
    say(house, 1.0, 4.0, 1.0)
    at = times.rfc3339(house.now + 5 * MINUTE)
    told = await house.ask("GET", f"/api/explain?device=g1&property=water_level&time={at}")
    (step,) = [step for step in told["steps"] if step["step"] == "checks"]
    (verdict,) = step["verdicts"]
    assert (verdict["check"], verdict["spike"], verdict["value"]) == ("spike", 0.6, 4.0)
    assert [value for _, value in verdict["neighbours"]] == [1.0, 1.0]
    assert (verdict["zh"], verdict["en"]) == ("突跳", "departs from both of its neighbours in time")


def test_registering_refuses_what_no_check_can_read():
    """What, where and what to do."""
    form = {"id": "g2", "type": "gauge", "adapter": "toy", "settings": {"checks": {"water_level": {"spikes": 1}}}}
    with pytest.raises(ValidationError, match=r"spikes.*fields are spike"):
        DeviceForm.read(form)
