"""`tail --severity`: of the stream only what an event of that severity or higher stands over; what is said of an event by name."""

import json

import pytest

from sensing import times
from sensing.errors import UsageError
from sensing.incidents import Place
from sensing.incidents.story import Clock, story
from sensing.shift import markdown
from sensing.store.event_reader import told
from sensing.times import MINUTE
from sensing.web import shift, stream
from sensing.web.alarmed import alarmed
from sensing.web.ask import Ask
from sensing.web.selection import select
from tests.house import TESTER, House, reading

RIVER = {"watch": 2.8, "warning": 3.2, "danger": 4.0, "hysteresis": 0.1}
LEVELS = [1, 3, 1, 3, 3.5, 3.1, 1, 1]


@pytest.fixture
def house(tmp_path):
    found = House(tmp_path)
    for name in ("g1", "g2"):
        found.device(name, settings={"thresholds": {"water_level": RIVER}})
    found.send("g1", *(reading("g1", value, found.now + minute * MINUTE) for minute, value in enumerate(LEVELS)))
    found.send("g1", reading("g1", 7.0, found.now + 4 * MINUTE, p="water_temperature", u="Cel"))
    found.send("g1", reading("g1", 3.5, found.now + 4 * MINUTE), run="drill")
    found.send("g2", reading("g2", 1.0, found.now + 4 * MINUTE))
    yield found
    found.close()


def streamed(house, **query):
    ask = Ask(None, "", query=query)
    found = stream.Follower(house.desk, select(house.desk, ask, served=False), 0, within=alarmed(house.desk, ask))
    said, _ = found.turn()
    rows = json.loads(said.split(b"data: ")[1]) if said else []
    return [(row["device"], row["result"], row["run"]) for row in rows if row["property"] in ("water_level", "water_temperature")]


def test_the_stream_of_a_severity_is_what_its_events_stand_over(house):
    """From the value that reached it to the last before the end: not the same device's other property, not another run."""
    assert streamed(house, severity="watch") == [("g1", 3, ""), ("g1", 3, ""), ("g1", 3.5, ""), ("g1", 3.1, "")]
    assert streamed(house, severity="warning") == [("g1", 3.5, ""), ("g1", 3.1, "")]
    assert streamed(house, severity="danger") == []
    assert streamed(house, severity="warning", run="drill") == [("g1", 3.5, "drill")]
    assert len(streamed(house)) == len(LEVELS) + 2


def test_a_severity_that_is_none_is_refused(house):
    """With the words that there are."""
    with pytest.raises(UsageError, match="severity") as refused:
        streamed(house, severity="red")
    assert "danger" in refused.value.hint


def test_what_people_wrote_is_in_the_story(house):
    """The task's note, who escalated and why; the clock is not a person."""
    with house.desk.stores.take() as store:
        event = next(each for each in store.events_since(0, 100) if each.device == "g1")
    words = told(event)
    words["assigned"] = {"by": "li", "to": "wang", "note": "看泵", "due": words["start"], "at": words["start"]}
    words["escalated"] = {"by": "li", "at": words["start"], "note": "泵不启动", "level": 1}
    clock = Clock("+08:00")
    said = story(words, Place(), None, None, clock)
    assert said["zh"][-2].endswith("前完成：看泵。")
    assert said["zh"][-1].startswith("li 于 ")
    assert said["zh"][-1].endswith("升级至第 1 级：泵不启动。")
    assert said["en"][-1].endswith("to level 1: 泵不启动.")
    words["escalated"] |= {"by": "clock", "note": "overdue"}
    assert story(words, Place(), None, None, clock)["zh"][-1].endswith("自动升级至第 1 级：任务逾期。")


async def test_a_note_names_the_drills_of_its_time_and_what_counts_them(house):
    """One that is over as well: its broken frames stand among the dead letters; one that ended before is not named."""
    house.registry.start_run("drill", origin="simulated", actor=TESTER)
    house.registry.end_run("drill", actor=TESTER)
    found = await house.ask("GET", "/api/shift", params={"since": "2h"})
    assert found["drills"] == ["drill"]
    assert "演练事件未列入；死信与账目含演练" in markdown(found, "zh", str)
    assert shift.note(house.desk, times.now() + MINUTE, times.now() + 2 * MINUTE)["drills"] == []
