"""Who gets in: tokens, their end, and the patience with wrong ones; and what stands before every handler."""

import json

import pytest

from sensing.access import Role
from sensing.metrics import Metrics
from sensing.web import app
from sensing.web.auth import Guard, TooManyError
from tests.house import TESTER, House


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    found = House(tmp_path_factory.mktemp("data"))
    yield found
    found.close()


class Clock:
    now = 1_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def guard(house, clock):
    return Guard(house.registry, Metrics(), clock)


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "Bearer a.b", "Bearer \u00e9.\u00e9", "Bearer " + "x" * 9_000]
)
def test_anything_but_a_right_token_is_nobody(guard, header):
    """No header, another scheme, or a token that is none: nobody, and no error."""
    assert guard.identify(header, "192.0.2.1") is None


def test_a_right_token_is_known_by_name_and_role(house, guard):
    """The bearer is who the token was made for; the scheme's case does not matter."""
    found = guard.identify(f"bearer {house.tokens[Role.OPERATOR]}", "192.0.2.1")
    assert (found.name, found.role) == ("operator", Role.OPERATOR)


def test_a_revoked_token_is_out_within_two_seconds(house, guard, clock):
    """What was remembered of a token is forgotten before the five seconds that are promised."""
    token = house.registry.create_token("guest", Role.VIEWER, actor=TESTER)
    assert guard.identify(f"Bearer {token.text}", "192.0.2.1")
    house.registry.revoke_token(token.id, actor=TESTER)
    clock.now += 2.1
    assert guard.identify(f"Bearer {token.text}", "192.0.2.1") is None


def test_an_address_that_guesses_is_refused_and_forgiven(house, guard, clock):
    """Thirty wrong tokens at once, then no look at the next; others are not disturbed; after a while it may try again."""
    for number in range(30):
        assert guard.identify(f"Bearer t-x.{number}", "192.0.2.9") is None
    with pytest.raises(TooManyError):
        guard.identify("Bearer t-x.again", "192.0.2.9")
    assert guard.identify(f"Bearer {house.tokens[Role.VIEWER]}", "192.0.2.8")
    clock.now += 10
    assert guard.identify(f"Bearer {house.tokens[Role.VIEWER]}", "192.0.2.9")


def test_guessing_addresses_do_not_fill_the_memory(guard, monkeypatch):
    """What is remembered of wrong tokens has an end."""
    monkeypatch.setattr("sensing.web.auth._MOST", 50)
    for number in range(200):
        guard.identify("Bearer t-x.y", f"192.0.2.{number}")
    assert len(guard._wrong) <= 50


async def test_nobody_is_told_how_to_come_in(house):
    """401 names the scheme, and says the same of an unknown id and of a wrong secret."""
    token = house.tokens[Role.VIEWER]
    async with house.client(None) as client:
        answers = [
            await client.get("/api/latest", headers={"authorization": f"Bearer {text}"})
            for text in (token[:-1] + "!", "t-none.x")
        ]
    assert {answer.status_code for answer in answers} == {401}
    assert answers[0].json() == answers[1].json()
    assert answers[0].headers["www-authenticate"].startswith("Bearer")


async def test_too_many_wrong_tokens_are_a_429(house):
    """The refusal says when to come again."""
    async with house.client(None) as client:
        for _ in range(40):
            answer = await client.get("/api/latest", headers={"authorization": "Bearer t-x.y"})
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "30"
    house.desk.guard._wrong.clear()


async def test_a_parameter_that_nobody_knows_is_refused(house):
    """A misspelt filter must not show everything."""
    async with house.client() as client:
        answer = await client.get("/api/latest?devise=gauge-1")
    assert answer.status_code == 400
    assert "device" in answer.json()["hint"]


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"\xff", b'"x"', b"[" * 100_000, b'{"id": "a b"}', b'{"id": "a", "type": "gauge", "zero": NaN}']
)
async def test_a_body_that_is_no_form_is_a_422(house, body):
    """Whatever is sent as a device, the answer is 422 with words."""
    async with house.client() as client:
        answer = await client.post("/api/devices", content=body)
    assert answer.status_code == 422
    assert answer.json()["code"] == 3
    assert answer.json()["hint"]


@pytest.mark.parametrize("stated", [True, False])
async def test_a_large_body_is_refused_before_it_is_read(house, stated):
    """Over a megabyte is 413, whether its length is stated or it comes in pieces; it is not parsed."""

    async def pieces():
        for _ in range(40):
            yield b" " * 65_536

    async with house.client() as client:
        answer = await client.post("/api/devices", content=b" " * (app.MOST_BODY + 1) if stated else pieces())
    assert answer.status_code == 413


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("PUT", "/api/latest", 405)])
async def test_what_is_not_in_the_table_does_not_exist(house, method, path, status):
    """Unknown routes and methods answer in the one shape, without a token being asked for."""
    async with house.client(None) as client:
        answer = await client.request(method, path)
    assert answer.status_code == status
    assert set(answer.json()) == {"error", "hint", "code"}
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_wrong_method_is_told_every_right_one(house):
    """`Allow` names the methods of all routes of that address, not only of the first."""
    async with house.client(None) as client:
        answer = await client.put("/api/devices")
    assert answer.status_code == 405
    assert answer.headers["allow"].split(", ") == ["GET", "HEAD", "POST"]


async def test_a_defect_costs_one_answer_and_tells_no_secret(house, monkeypatch):
    """An unexpected error is a 500 in the one shape; what it said stays in the log."""
    monkeypatch.setattr(house.desk.stores, "take", lambda: (_ for _ in ()).throw(RuntimeError("secret path")))
    async with house.client() as client:
        answer = await client.get("/api/latest")
    assert answer.status_code == 500
    assert "secret" not in json.dumps(answer.json())
