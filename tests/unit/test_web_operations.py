"""What operators look after, over HTTP: ledger, dead letters, quarantine, commands; and that each change leaves its audit line."""

import pytest

from sensing.access import Role
from sensing.times import SECOND
from tests.house import House, reading


@pytest.fixture
def house(tmp_path):
    found = House(tmp_path)
    found.device("gauge-1")
    yield found
    found.close()


async def get(house, path, status=200, **parameters):
    return await house.ask("GET", path, status, params=parameters)


async def command(house, op, status=200, **args):
    return await house.ask("POST", "/api/commands", status, Role.OPERATOR, json={"op": op, "args": args})


async def test_the_ledger_is_told_in_the_contracts_words(house):
    """Every column, what was refused, and the same by group."""
    house.send("gauge-1", reading("gauge-1", 1.0, house.now))
    house.send("gauge-1", b"junk")
    house.log.refuse({(house.now // (3600 * SECOND), "toy", "gauge-9", "rate_limited"): 4})
    whole = await get(house, "/api/ledger")
    assert (
        whole | {"received": 2, "decoded": 1, "dead_lettered": 1, "readings": 1, "stored": 1, "refused": 4, "balanced": True}
        == whole
    )
    assert {"silent", "pending", "quarantined", "duplicate", "revised", "unmapped"} <= set(whole)
    rows = {row["device"]: row for row in (await get(house, "/api/ledger", by="device", since="1h"))["rows"]}
    assert rows["gauge-1"]["stored"] == 1
    assert rows["gauge-9"]["refused"] == 4
    assert (await get(house, "/api/ledger", 400, by="colour"))["code"] == 2


async def test_a_dead_letter_shows_its_bytes_and_what_to_do(house):
    """Hex of the frame, where it went wrong, and the remedy in both languages; pages lead on."""
    places = [house.send("gauge-1", b"junk %d" % number) for number in range(5)]
    first = await get(house, "/api/dead-letters", limit="3")
    rest = await get(house, "/api/dead-letters", limit="3", cursor=first["next"])
    assert [row["place"] for row in first["items"] + rest["items"]] == places
    assert rest["next"] is None
    assert first["counts"] == [{"adapter": "toy", "reason": "not_json", "open": 5}]
    one = await get(house, f"/api/dead-letters/{places[1]}.0")
    assert one["frame"]["hex"] == b"junk 1".hex()
    assert (one["offset"], one["length"]) == (0, 6)
    assert set(one["remedy"]) == {"zh", "en"}
    assert (await get(house, f"/api/frames/{places[1]}"))["text"] == "junk 1"
    await get(house, "/api/dead-letters/999.0", 404)
    await get(house, "/api/dead-letters/x", 400)
    await get(house, "/api/frames/999", 404)
    await get(house, "/api/frames/-1", 404)


async def test_dropping_closes_dead_letters_and_is_audited(house):
    """The command's result comes back; what was dropped is no longer open; the audit names who and how many."""
    places = [house.send("gauge-1", b"junk") for _ in range(3)]
    done = await command(house, "drop", places=[f"{places[0]}.0"], why="noise")
    assert done["result"] == {"dropped": 1}
    assert len((await get(house, "/api/dead-letters"))["items"]) == 2
    assert (await get(house, f"/api/commands/{done['id']}"))["result"] == {"dropped": 1}
    line = (await get(house, "/api/audit", subject=done["id"]))["items"][0]
    assert (line["who"], line["what"], line["address"]) == ("operator", "command_given", "192.0.2.7")
    assert (await get(house, "/api/audit/verify")) == {"whole": True, "first_bad": None}


async def test_redriving_twice_stores_once(house):
    """A dead letter that has become readable is stored, and a second redrive finds nothing to do."""
    house.send("gauge-1", [reading("gauge-1", "x", house.now)][0], reading("gauge-1", 1.5, house.now))
    assert (await command(house, "redrive", reason="bad_number"))["state"] == "done"
    await command(house, "redrive")
    assert len((await get(house, "/api/observations"))["items"]) == 1
    assert (await get(house, "/api/ledger"))["balanced"] is True


@pytest.mark.parametrize(
    ("op", "args", "status"),
    [
        ("explode", {}, 422),
        ("drop", {"reason": "not_json"}, 422),
        ("redrive", {"places": ["x"]}, 400),
        ("redrive", {"all": True}, 422),
        ("release", {"adapter": "toy", "native": "n"}, 422),
        (
            "annotate",
            {"device": "gauge-1", "property": "p", "from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z", "quality": 4},
            422,
        ),
        (
            "annotate",
            {"device": "none", "property": "p", "from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z", "quality": 4},
            404,
        ),
        (
            "annotate",
            {"device": "gauge-1", "property": "p", "from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z", "quality": 5},
            422,
        ),
        ("accept", {"adapter": "toy", "native": "n"}, 422),
    ],
)
async def test_a_command_that_is_none_reaches_nobody(house, op, args, status):
    """It is refused before it is written down."""
    head = house.log.head()
    await command(house, op, status, **args)
    assert house.log.head() == head


async def test_an_annotation_is_kept(house):
    """A verdict over a range of times is a command like any other."""
    done = await command(
        house,
        "annotate",
        device="gauge-1",
        property="water_level",
        quality=4,
        **{"from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z"},
    )
    assert done["result"] == {"annotated": done["id"]}


async def test_a_command_that_takes_longer_is_a_202(house, monkeypatch):
    """After the wait the id comes back, and asking later tells the result."""
    monkeypatch.setattr("sensing.web.orders._WAIT_S", 0.05)
    monkeypatch.setattr(house.desk, "publish", lambda order: None)
    waiting = await command(house, "redrive", 202)
    assert waiting["state"] == "waiting"
    await get(house, f"/api/commands/{waiting['id']}", 404)


async def test_what_knocked_is_accepted_and_its_frames_are_read_again(house):
    """Quarantine lists the unknown native id; accepting registers it for the principal that carried it and stores what it had said."""
    for number in range(3):
        house.send("gauge-1", reading("new-7", 1.0, house.now - number * SECOND))
    held = (await get(house, "/api/quarantine"))["items"]
    assert [(row["native"], row["principal"], row["frames"]) for row in held] == [("new-7", "gauge-1", 3)]
    body = {"adapter": "toy", "native": "new-7", "type": "gauge", "id": "gauge-7"}
    done = await house.ask("POST", "/api/quarantine/accept", role=Role.ENGINEER, json=body)
    assert done["result"]["accepted"]["decoded"] == 3
    assert done["device"]["principal"] == "gauge-1"
    assert done["device"]["password"] is None
    assert len((await get(house, "/api/observations", device="gauge-7"))["items"]) == 3
    assert (await get(house, "/api/quarantine"))["items"] == []
    again = await house.ask("POST", "/api/quarantine/accept", json=body)
    assert again["result"] == {"accepted": {}}
    await house.ask("POST", "/api/quarantine/accept", 404, json=body | {"native": "new-8", "id": "gauge-8"})
    await house.ask("POST", "/api/quarantine/accept", 422, json={"adapter": "toy"})


async def test_what_was_registered_meanwhile_is_only_read_again(house):
    """Accepting a native id that is registered by now registers nothing."""
    house.send("gauge-1", reading("new-7", 1.0, house.now))
    house.device("gauge-7", native="new-7", principal="gauge-1")
    done = await house.ask("POST", "/api/quarantine/accept", json={"adapter": "toy", "native": "new-7"})
    assert done["device"]["id"] == "gauge-7"
    assert len((await get(house, "/api/observations", device="gauge-7"))["items"]) == 1


async def test_releasing_closes_quarantined_frames_unread(house):
    """What nobody wants is closed with a word why."""
    house.send("gauge-1", reading("new-7", 1.0, house.now))
    assert (await command(house, "release", adapter="toy", native="new-7", why="a passer-by"))["result"] == {"released": 1}
    assert (await get(house, "/api/quarantine"))["items"] == []
