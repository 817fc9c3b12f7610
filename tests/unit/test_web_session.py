"""People at a browser: in with a password, out in time, and nobody else's page may use what they have open."""

import pytest

from sensing.access import Role
from sensing.errors import ValidationError
from sensing.metrics import Metrics
from sensing.registry import passwords
from sensing.registry.sessions import IDLE, LONGEST, csrf
from sensing.web.auth import Guard, TooManyError
from tests.house import TESTER, House

GOOD = "many plain words 42"
pytestmark = pytest.mark.usefixtures("quick_hashes")


class Clock:
    def __init__(self, now=0.0):
        self.now = now

    def __call__(self):
        return self.now


@pytest.fixture(scope="module")
def house(tmp_path_factory, quick_hashes):
    found = House(tmp_path_factory.mktemp("data"))
    found.registry.add_user("wang", Role.ENGINEER, areas=["north"], name="王工", password=GOOD, actor=TESTER)
    found.registry.add_user("li", Role.VIEWER, password=GOOD, actor=TESTER)
    yield found
    found.close()


@pytest.fixture
async def browser(house):
    """A client without a token, that keeps cookies as a browser does."""
    async with house.client(None) as client:
        client.headers.pop("authorization", None)
        yield client
    house.desk.patience._buckets.clear()
    house.desk.guard._known.clear()


async def enter(browser, user="li", password=GOOD):
    answer = await browser.post("/api/session", json={"user": user, "password": password})
    if answer.status_code == 201:
        browser.headers["x-csrf-token"] = answer.json()["csrf"]
    return answer


def test_the_hash_is_slow_and_tells_nothing():
    """32 MiB a look; no two alike; an old cost still opens; nobody's password costs as much as somebody's."""
    stored = passwords.seal_password(GOOD)
    assert GOOD not in stored
    assert stored != passwords.seal_password(GOOD)
    assert passwords.password_opens(GOOD, stored)
    assert not passwords.password_opens(GOOD + "x", stored)
    assert not passwords.password_opens(GOOD, None)
    dear = "scrypt$15$8$3$" + stored.split("$", 4)[4]
    assert not passwords.password_opens(GOOD, dear)


@pytest.mark.parametrize("easy", ["short", "aaaaaaaaaaaa", "wang-2026-xyz", "x" * 257])
def test_easy_passwords_are_refused(easy):
    with pytest.raises(ValidationError):
        passwords.check_password(easy, "wang")


async def test_a_right_password_opens_and_the_cookie_is_out_of_reach(browser):
    """HttpOnly, SameSite=Strict; the answer says who, where and until when; GET /api/session says it again."""
    answer = await enter(browser, "Wang ")
    assert answer.status_code == 201
    cookie = answer.headers["set-cookie"].lower()
    assert all(word in cookie for word in ("httponly", "samesite=strict", "path=/"))
    told = (await browser.get("/api/session")).json()
    assert (told["name"], told["role"], told["areas"], told["kind"], told["must_change"]) == (
        "wang",
        "engineer",
        ["north"],
        "session",
        False,
    )
    assert told["csrf"] == answer.json()["csrf"]


async def test_with_tls_the_cookie_is_for_this_host_over_tls_only(house, browser, monkeypatch):
    secure = house.desk.settings.http.model_copy(update={"tls_cert": "x.pem"})
    monkeypatch.setattr(house.desk, "settings", house.desk.settings.model_copy(update={"http": secure}))
    cookie = (await enter(browser)).headers["set-cookie"]
    assert cookie.startswith("__Host-sensing=")
    assert "Secure" in cookie


async def test_an_unknown_name_a_wrong_password_and_a_removed_person_answer_alike(house, browser):
    """And what was typed for a name is not written down when nobody has it: it may be a password."""
    house.registry.add_user("gone", Role.VIEWER, password=GOOD, actor=TESTER)
    house.registry.remove_user("gone", actor=TESTER)
    answers = [await enter(browser, *pair) for pair in (("nobody-x", GOOD), ("li", "wrong wrong"), ("gone", GOOD))]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    told = repr(house.registry.audit_lines(limit=3))
    assert "nobody-x" not in told
    assert told.count("sign_in_failed") == 3
    assert GOOD not in repr(house.registry.audit_lines(limit=1_000))


async def test_what_changes_something_needs_the_pages_token(house, browser):
    """Without it, with another's, and from another site: 403. A bearer token needs none."""
    await enter(browser, "wang")
    right = browser.headers.pop("x-csrf-token")
    form = {"id": "by-page", "type": "gauge", "area": "north"}
    for headers in ({}, {"x-csrf-token": csrf("s-x.y")}, {"x-csrf-token": right, "sec-fetch-site": "cross-site"}):
        assert (await browser.post("/api/devices", json=form, headers=headers)).status_code == 403
    done = await browser.post("/api/devices", json=form, headers={"x-csrf-token": right, "sec-fetch-site": "same-origin"})
    assert done.status_code == 201
    assert house.registry.audit_lines(limit=1, subject="by-page")[0].who == "wang"
    forged = await browser.post("/api/session", json={"user": "li", "password": GOOD}, headers={"sec-fetch-site": "cross-site"})
    assert forged.status_code == 403


async def test_a_header_counts_alone_when_there_is_one(house, browser):
    """A wrong token beside a good cookie is a wrong token."""
    await enter(browser)
    assert (await browser.get("/api/latest")).status_code == 200
    assert (await browser.get("/api/latest", headers={"authorization": "Bearer t-x.y"})).status_code == 401


async def test_signing_out_ends_it_at_once(browser):
    await enter(browser)
    cookie = browser.cookies["sensing"]
    assert (await browser.delete("/api/session")).status_code == 200
    browser.cookies.set("sensing", cookie)
    assert (await browser.get("/api/session")).status_code == 401


@pytest.mark.parametrize(
    "change",
    [
        lambda registry: registry.set_role("zhao", Role.OPERATOR, actor=TESTER),
        lambda registry: registry.set_role("zhao", Role.VIEWER, areas=["north"], actor=TESTER),
        lambda registry: registry.set_password("zhao", actor=TESTER),
        lambda registry: registry.remove_user("zhao", actor=TESTER),
    ],
    ids=["role", "areas", "password", "removal"],
)
async def test_what_somebody_has_open_ends_when_they_are_changed(house, browser, change):
    """Within the guard's two seconds, that is within the five that are promised."""
    registry = house.registry
    if not registry.knows_user("zhao"):
        registry.add_user("zhao", Role.VIEWER, password=GOOD, actor=TESTER)
    registry.restore_user("zhao", actor=TESTER)
    registry.set_password("zhao", GOOD, actor=TESTER)
    opened = registry.open_session("zhao", actor=TESTER)
    clock = Clock(1_000.0)
    guard = Guard(registry, Metrics(), clock)
    assert guard.identify(None, "192.0.2.1", opened.text).name == "zhao"
    change(registry)
    clock.now += 2.1
    assert guard.identify(None, "192.0.2.1", opened.text) is None


def test_a_session_ends_unused_or_old(house, monkeypatch):
    """Twelve hours after its last use, which is noted; seven days after it began, whatever its use; renewing does not lengthen that."""
    registry = house.registry
    opened = registry.open_session("li", actor=TESTER)
    began = registry.database.clock()
    clock = Clock(began)
    monkeypatch.setattr(registry.database, "clock", clock)
    for _ in range(30):
        clock.now += IDLE // 2
        if clock.now - began < LONGEST - IDLE:
            assert registry.live_session(opened.text) is not None
    assert registry.live_session(opened.text) is None
    clock.now = began
    other = registry.open_session("li", actor=TESTER)
    clock.now += IDLE + 1
    assert registry.live_session(other.text) is None
    clock.now = began
    third = registry.open_session("li", actor=TESTER)
    clock.now += IDLE // 2
    assert registry.renew_session(third.id, actor=TESTER).ends == began + LONGEST


async def test_renewing_gives_another_cookie_and_lets_the_old_one_go_on_for_a_minute(house, browser, monkeypatch):
    """What is under way on the old cookie is not lost; a minute later it is nobody."""
    await enter(browser)
    old = browser.cookies["sensing"]
    answer = await browser.post("/api/session/renew")
    assert answer.status_code == 200
    assert browser.cookies["sensing"] != old
    assert house.registry.live_session(old).name == "li"
    later = Clock(house.registry.database.clock() + 61_000_000)
    monkeypatch.setattr(house.registry.database, "clock", later)
    assert house.registry.live_session(old) is None
    assert house.registry.live_session(browser.cookies["sensing"]).name == "li"


async def test_a_one_time_password_opens_nothing_but_the_way_to_another(house, browser):
    """It must be changed at first; then it is over, and so is every session but the one that changed it."""
    setup = house.registry.add_user("chen", Role.ADMIN, actor=TESTER)
    assert setup.password not in repr(setup)
    answer = await enter(browser, "chen", setup.password)
    assert answer.json()["must_change"] is True
    assert (await browser.get("/api/latest")).status_code == 403
    assert (await browser.post("/api/tokens", json={"name": "x", "role": "admin"})).status_code == 403
    for wrong in (
        {"old": "x" * 12, "new": GOOD},
        {"old": setup.password, "new": "short"},
        {"old": setup.password, "new": setup.password},
    ):
        assert (await browser.post("/api/session/password", json=wrong)).status_code == 422
    other = house.registry.open_session("chen", actor=TESTER)
    done = await browser.post("/api/session/password", json={"old": setup.password, "new": GOOD})
    assert done.status_code == 200
    assert done.json()["must_change"] is False
    assert (await browser.get("/api/latest")).status_code == 200
    assert house.registry.live_session(other.text) is None
    assert not house.registry.right_password("chen", setup.password)
    assert house.registry.right_password("chen", GOOD)


def test_a_one_time_password_is_over_after_a_week(house, monkeypatch):
    setup = house.registry.add_user("sun", Role.VIEWER, actor=TESTER)
    assert house.registry.right_password("sun", setup.password)
    monkeypatch.setattr(house.registry.database, "clock", Clock(setup.ends))
    assert not house.registry.right_password("sun", setup.password)


async def test_a_token_has_no_session_to_sign_out_of(house):
    async with house.client(Role.VIEWER) as client:
        assert (await client.get("/api/session")).json()["kind"] == "token"
        assert (await client.delete("/api/session")).status_code == 400
        assert (await client.post("/api/session/password", json={"old": "x", "new": GOOD})).status_code == 400


async def test_guessing_is_refused_with_the_time_to_wait(browser):
    """Ten at an account from an address it never came from; the eleventh is not looked at, right or wrong."""
    codes = [(await enter(browser, "wang", "wrong wrong")).status_code for _ in range(11)]
    assert codes == [401] * 10 + [429]
    last = await enter(browser, "wang")
    assert last.status_code == 429
    assert int(last.headers["retry-after"]) <= 11


async def test_an_identity_that_asks_too_often_is_told_to_wait(house):
    """Whatever its connections; others are not disturbed; it goes on when time has passed."""
    clock = Clock()
    guard = Guard(house.registry, Metrics(), clock, rate=10, burst=3)
    fast, slow = (guard.identify(f"Bearer {house.tokens[role]}", "192.0.2.1") for role in (Role.VIEWER, Role.OPERATOR))
    for _ in range(3):
        guard.spend(fast)
    with pytest.raises(TooManyError) as waiting:
        guard.spend(fast)
    guard.spend(slow)
    clock.now += waiting.value.wait_s
    guard.spend(fast)


async def test_too_many_requests_are_a_429_with_the_time_to_wait(house, monkeypatch):
    monkeypatch.setattr(house.desk, "guard", Guard(house.registry, Metrics(), rate=0.5, burst=2))
    async with house.client() as client:
        codes = [(await client.get("/api/types")) for _ in range(3)]
    assert [answer.status_code for answer in codes] == [200, 200, 429]
    assert 1 <= int(codes[-1].headers["retry-after"]) <= 2
