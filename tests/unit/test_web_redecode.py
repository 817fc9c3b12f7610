"""A redecode tried over HTTP: old beside new, page by page, and that doing it does what was shown and overwrites nothing."""

import pytest

from sensing.access import Role
from sensing.model import Span
from sensing.times import HOUR, SECOND, rfc3339
from tests import house as houses
from tests.house import House, reading


@pytest.fixture
def house(tmp_path):
    found = House(tmp_path)
    found.device("gauge-1", settings={"level": "relative"})
    found.at = found.now // SECOND * SECOND - HOUR
    yield found
    found.close()


async def tried(house, status=200, role=Role.ENGINEER, **parameters):
    return await house.ask("GET", "/api/redecode", status, role, params=parameters)


async def edit(house, **changes):
    await house.ask("PATCH", "/api/devices/gauge-1", json={**changes, "valid_from": "2020-01-01T00:00:00Z", "reobserve": False})


async def redecode(house, status=200, role=Role.ENGINEER, **args):
    return await house.ask("POST", "/api/commands", status, role, json={"op": "redecode", "args": args})


async def test_old_and_new_stand_side_by_side(house):
    """A station zero that was forgotten: each value as it is served and as it would be; nothing is stored by asking."""
    places = [house.send("gauge-1", reading("gauge-1", value, house.at + n * SECOND)) for n, value in enumerate((1.0, 1.5))]
    assert (await tried(house, device="gauge-1"))["counts"] == {"same": 2, "changed": 0, "new": 0, "gone": 0}
    await edit(house, zero=2.0)
    found = await tried(house, device="gauge-1")
    assert found["counts"] == {"same": 0, "changed": 2, "new": 0, "gone": 0}
    assert (found["frames"], found["more"], found["next"], found["outcomes"]) == (2, False, None, {"decoded": 2})
    assert found["items"][0] == {
        "change": "changed", "device": "gauge-1", "property": "water_level", "statistic": "instant", "channel": "", "run": "",
        "time": rfc3339(house.at), "old": 1.0, "old_quality": 1, "new": 3.0, "new_quality": 1, "unit": "m", "frame": places[0],
    }  # fmt: skip
    assert (await house.ask("GET", "/api/observations"))["items"][0]["result"] == 1.0


async def test_doing_it_does_what_was_shown(house):
    """The command writes revisions that are served from now on; the old ones are kept; a second try finds nothing to change."""
    house.send("gauge-1", reading("gauge-1", 1.0, house.at), reading("gauge-1", 2.0, house.at + SECOND))
    await edit(house, zero=2.0)
    assert (await redecode(house, device="gauge-1", since="2h"))["result"] == {"redecoded": {"decoded": 1}}
    assert (await tried(house, device="gauge-1"))["counts"] == {"same": 2, "changed": 0, "new": 0, "gone": 0}
    rows = (await house.ask("GET", "/api/observations", params={"served": "0"}))["items"]
    assert sorted(row["result"] for row in rows) == [1.0, 2.0, 3.0, 4.0]
    served = (await house.ask("GET", "/api/observations"))["items"]
    assert [row["result"] for row in served] == [3.0, 4.0]
    assert (await house.ask("GET", "/api/ledger"))["balanced"] is True


async def test_quality_alone_is_a_change(house):
    """A device whose limits were corrected: the result stays, the flag would not."""
    house.send("gauge-1", reading("gauge-1", 50.0, house.at))
    await edit(house, settings={"level": "relative", "sentinels": {"water_level": [50.0]}})
    row = (await house.ask("GET", "/api/observations"))["items"][0]
    found = await tried(house, device="gauge-1")
    assert (row["quality"], row["reason"]) == (4, "range")
    assert found["counts"]["changed"] == 0  # both are quality 4
    await edit(house, unit={"water_level": "cm"}, settings={"level": "relative"})
    item = (await tried(house, device="gauge-1"))["items"][0]
    assert (item["old"], item["old_quality"], item["new"], item["new_quality"]) == (50.0, 4, 0.5, 1)


async def test_what_is_said_afterwards_is_no_change(house):
    """A spike that its neighbours told, and a range that a person doubts: reading the frames again would write nothing there."""
    await edit(house, settings={"level": "relative", "checks": {"water_level": {"spike": 1.2, "rate": 1.0, "gap": "3h"}}})
    values = (1.0, 1.0, 1.0, 9.0, 1.0, 1.0)
    house.send("gauge-1", *(reading("gauge-1", value, house.at + n * 60 * SECOND) for n, value in enumerate(values)))
    args = {
        "device": "gauge-1",
        "property": "water_level",
        "from": rfc3339(house.at),
        "to": rfc3339(house.at + 60 * SECOND),
        "quality": 4,
    }
    await house.ask("POST", "/api/commands", json={"op": "annotate", "args": args})
    house.work = house.make_work()
    rows = (await house.ask("GET", "/api/observations"))["items"]
    assert [row["reason"] for row in rows] == ["manual", "manual", "", "spike", "", ""]
    assert (await tried(house, device="gauge-1"))["counts"] == {"same": 6, "changed": 0, "new": 0, "gone": 0}
    await edit(house, zero=2.0)
    assert (await tried(house, device="gauge-1"))["counts"]["changed"] == 6


async def test_new_and_gone_rows_are_told(house, monkeypatch):
    """A decoder that reads another property: the old rows would be gone from their frames, the new ones new."""
    house.send("gauge-1", reading("gauge-1", 1.0, house.at))
    decode = houses.Toy.decode

    def corrected(self, payload, context, state=None):
        decoded = decode(self, payload, context, state)
        for one in decoded.readings:
            one.property, one.unit = "rainfall", "mm"
        return decoded

    monkeypatch.setattr(houses.Toy, "decode", corrected)
    found = await tried(house, adapter="toy")
    assert found["counts"] == {"same": 0, "changed": 0, "new": 1, "gone": 1}
    gone, new = sorted(found["items"], key=lambda item: item["change"])
    assert (gone["property"], gone["old"], gone["new"]) == ("water_level", 1.0, None)
    assert (new["property"], new["old"], new["new"]) == ("rainfall", None, 1.0)


async def test_pages_lead_on_and_say_so(house):
    """`limit` counts frames; `more` and `next` lead through the rest, and progress says how far; nothing is judged twice."""
    for number in range(5):
        house.send("gauge-1", reading("gauge-1", float(number), house.at + number * SECOND))
    await edit(house, zero=2.0)
    first = await tried(house, device="gauge-1", limit="2")
    assert (first["frames"], first["more"], first["counts"]["changed"]) == (2, True, 2)
    assert first["progress"]["at"] < first["progress"]["to"]
    changed, following = first["items"], first["next"]
    while following:
        answer = await tried(house, device="gauge-1", limit="2", cursor=following)
        changed, following = changed + answer["items"], answer["next"]
    assert [item["old"] for item in changed] == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert (await tried(house, device="gauge-1", since=rfc3339(house.now + HOUR)))["frames"] == 0


async def test_what_several_frames_tell_is_judged_once(house):
    """A correction that is served is compared with itself, not with what it corrected; a repeated frame changes nothing."""
    house.send("gauge-1", reading("gauge-1", 1.0, house.at, s=1))
    house.send("gauge-1", reading("gauge-1", 1.5, house.at, s=2))
    house.send("gauge-1", reading("gauge-1", 1.0, house.at, s=1))
    assert (await tried(house, device="gauge-1"))["counts"] == {"same": 1, "changed": 0, "new": 0, "gone": 0}
    await edit(house, zero=2.0)
    found = await tried(house, device="gauge-1")
    assert [(item["old"], item["new"]) for item in found["items"]] == [(1.5, 3.5)]


async def test_messages_in_parts_are_read_whole(house):
    """A page does not end between the parts of a message; a first part that is missing judges nothing."""
    house.send("gauge-1", b'+[{"n": "gauge-1", "v": 1.0,')
    last = house.send("gauge-1", b'"t": %d}]' % house.at)
    assert (await tried(house, device="gauge-1", limit="1"))["counts"]["same"] == 1
    found = await tried(house, device="gauge-1", cursor=str(last - 1))
    assert found["outcomes"] == {"dead_lettered": 1}


async def test_who_may_and_what_is_refused(house):
    """The comparison and the command take an engineer; a device or adapter that is not there is told."""
    await tried(house, 403, Role.OPERATOR)
    await redecode(house, 403, Role.OPERATOR, device="gauge-1")
    await tried(house, 404, device="none")
    await tried(house, 400, adapter="none")
    await redecode(house, 404, device="none")
    await redecode(house, 422, native="gauge-1")
    assert (await tried(house))["frames"] == 0


async def test_dead_letters_say_what_would_become_of_them(house, monkeypatch):
    """With `again` each open letter has its outcome today: decoded, or the reason that would still hold it."""
    house.send("gauge-1", b"junk")
    house.send("gauge-1", b'[{"n": "gauge-1", "v": "x", "t": 1}]')
    found = (await house.ask("GET", "/api/dead-letters", params={"again": "1"}))["items"]
    assert [(row["becomes"], row["still"]) for row in found] == [("dead_lettered", "not_json"), ("dead_lettered", "bad_number")]
    decode = houses.Toy.decode
    good = b'[{"n": "gauge-1", "v": 1.0, "t": %d}]' % house.at
    monkeypatch.setattr(houses.Toy, "decode", lambda self, payload, context, state=None: decode(self, good, context, state))
    found = (await house.ask("GET", "/api/dead-letters", params={"again": "1"}))["items"]
    assert [(row["becomes"], row["still"]) for row in found] == [("decoded", None), ("decoded", None)]
    assert "becomes" not in (await house.ask("GET", "/api/dead-letters"))["items"][0]


async def test_a_dead_letter_comes_with_its_spans(house, monkeypatch):
    """What the adapter's annotate says of the frame, with its devices' settings; null where it cannot tell."""
    place = house.send("gauge-1", b"junk")
    assert (await house.ask("GET", f"/api/dead-letters/{place}.0"))["spans"] is None

    def annotate(self, payload, context):
        level = context.settings("gauge-1")["level"]
        return [Span(0, len(payload), "text", ("文本", "text"), f"{context.principal} {level}", bad=True)]

    monkeypatch.setattr(houses.Toy, "annotate", annotate, raising=False)
    assert (await house.ask("GET", f"/api/dead-letters/{place}.0"))["spans"] == [
        {
            "offset": 0,
            "length": 4,
            "name": "text",
            "meaning": {"zh": "文本", "en": "text"},
            "value": "gauge-1 relative",
            "bad": True,
        }
    ]
    house.send("gauge-1", reading("gauge-1", 1.0, house.at))
    asked = {"device": "gauge-1", "property": "water_level", "time": rfc3339(house.at)}
    steps = (await house.ask("GET", "/api/explain", params=asked))["steps"]
    assert steps[0]["spans"][0]["name"] == "text"
