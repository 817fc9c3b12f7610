"""Pages: shells without data for who is signed in, their files found by name only, nothing of anybody else's."""

import gzip
import re

import pytest

from sensing.access import Role
from sensing.errors import Reason
from sensing.web import wording
from sensing.web.assets import STATIC, Assets, asset, send, split
from sensing.web.pages import CSP, PAGES
from tests.house import TESTER, House

GOOD = "many plain words 42"
pytestmark = pytest.mark.usefixtures("quick_hashes")
SHELF = Assets()
MOST_KB = 400
ELSEWHERE = re.compile(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}", re.IGNORECASE)
PARSERS = re.compile(r"\b(?:innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval|new Function)\b")
NAMESPACE = "http://www.w3.org"


@pytest.fixture(scope="module")
def house(tmp_path_factory, quick_hashes):
    found = House(tmp_path_factory.mktemp("data"))
    found.registry.add_user("li", Role.VIEWER, password=GOOD, actor=TESTER)
    yield found
    found.close()


@pytest.fixture
async def browser(house):
    async with house.client(None) as client:
        yield client
    house.desk.patience._buckets.clear()


async def enter(browser, user, password):
    answer = await browser.post("/api/session", json={"user": user, "password": password})
    assert answer.status_code == 201


async def test_a_wrong_address_is_a_page_to_people_and_json_to_programs(browser):
    """Neither is asked for a session; the page has a way back and the pages' own policy."""
    shown = await browser.get("/nowhere", headers={"accept": "text/html,*/*"})
    told = await browser.get("/nowhere")
    assert (shown.status_code, told.status_code) == (404, 404)
    assert 'href="/"' in shown.text
    assert "没有这个页面" in shown.text
    assert shown.headers["content-security-policy"] == CSP
    assert set(told.json()) == {"error", "hint", "code"}


@pytest.mark.parametrize("path", [path for path in PAGES if path != "/signin"])
async def test_a_page_takes_a_session_and_leads_back(browser, path):
    """Without one: 303 to /signin with the way back in `next`, percent-encoded, of this host only; with one: the shell."""
    answer = await browser.get(f"{path}?area=%E6%BC%B3%E5%B7%9E&x=//evil.example")
    assert answer.status_code == 303
    where = answer.headers["location"]
    assert where.startswith("/signin?next=/")
    assert not where.startswith("/signin?next=//")
    assert "&" not in where
    await enter(browser, "li", GOOD)
    shell = await browser.get(f"{path}?area=x")
    assert (shell.status_code, shell.headers["content-security-policy"]) == (200, CSP)
    assert f'data-page="{PAGES[path]}"' in shell.text


async def test_a_one_time_password_opens_the_account_page_only(house, browser):
    """Every other page leads there until it is replaced."""
    setup = house.registry.add_user("new-one", Role.ADMIN, actor=TESTER)
    await enter(browser, "new-one", setup.password)
    assert (await browser.get("/map/flood")).headers["location"] == "/account"
    assert (await browser.get("/account")).status_code == 200


async def test_the_way_in_is_open_and_says_nothing(browser):
    """/signin, its files and the words need no session; a browser may keep nothing of the shell unasked."""
    shell = await browser.get("/signin?next=https://evil.example")
    assert shell.status_code == 200
    assert "evil" not in shell.text
    assert shell.headers["cache-control"] == "no-cache"
    for name in set(re.findall(r'"(/static/[^"]+)"', shell.text)):
        answer = await browser.get(name)
        assert answer.status_code == 200, name
        assert "immutable" in answer.headers["cache-control"]
    words = await browser.get("/words.json", headers={"if-none-match": (await browser.get("/words.json")).headers["etag"]})
    assert words.status_code == 304


@pytest.mark.parametrize(
    "name",
    ["../app.py", "..%2fapp.py", "js/../../app.py", "html/.hidden.html", ".env", "js", "js/", "js/none.js", "JS/DOM.JS", "css/base.css%00", "/etc/passwd"],
)  # fmt: skip
async def test_only_files_that_are_there_by_their_own_name(browser, name):
    """No way leads out of the folder, and none to what is no file."""
    answer = await browser.get(f"/static/{name}")
    assert answer.status_code in (303, 404)
    assert "import" not in answer.text


def test_links_out_of_the_folder_and_other_kinds_do_not_exist(tmp_path):
    root = tmp_path / "static"
    root.mkdir()
    (tmp_path / "secret.js").write_text("secret")
    (root / "link.js").symlink_to(tmp_path / "secret.js")
    (root / "notes.py").write_text("secret")
    (root / "fine.js").write_text("1")
    shelf = Assets(root)
    assert [shelf.find(name) is not None for name in ("link.js", "notes.py", "fine.js")] == [False, False, True]


def test_an_edit_is_seen_and_changes_every_address(tmp_path):
    """The hash of all files stands in each one's address, so one edit makes all of them new."""
    (tmp_path / "a.js").write_text("let a = 1;")
    shelf = Assets(tmp_path)
    before, old = shelf.version, shelf.find("a.js")
    assert shelf.version == before
    (tmp_path / "a.js").write_text("let a = 22;")
    assert shelf.version != before
    assert shelf.find("a.js").etag != old.etag
    assert split(f"{before}/js/a.js") == (before, "js/a.js")
    assert split("js/a.js") == ("", "js/a.js")


@pytest.mark.parametrize(
    ("accepts", "packed"), [("gzip, br", True), ("br;q=1, gzip;q=0.5", True), ("gzip;q=0", False), ("", False), ("*", True)]
)
def test_files_are_compressed_for_who_takes_it(accepts, packed):
    """The same bytes come out; each encoding has a tag of its own."""
    found = asset(b"let a = 1;\n" * 100, ".js")
    answer = send(found, accepts=accepts, known="", for_ever=False)
    assert (answer.headers.get("content-encoding") == "gzip") is packed
    assert (gzip.decompress(answer.body) if packed else answer.body) == found.plain
    assert send(found, accepts=accepts, known=f'W/{answer.headers["etag"]}, "x"', for_ever=False).status_code == 304


def test_everything_together_is_small():
    """All files of all pages, compressed as they are sent."""
    sizes = {name: len(found.packed or found.plain) for name in SHELF.names() if (found := SHELF.find(name))}
    assert sum(sizes.values()) <= MOST_KB << 10, sorted(sizes.items(), key=lambda each: -each[1])[:5]


def test_files_name_nothing_of_another_host_and_nothing_inline():
    """What the policy would refuse is not there to be refused; code is read by no HTML parser and by no evaluator."""
    wrong = []
    for name in SHELF.names():
        if name.endswith((".geojson", ".bin", ".png")):
            continue
        text = (STATIC / name).read_text("utf-8")
        wrong += [f"{name}: {found}" for found in ELSEWHERE.findall(text) if found != NAMESPACE]
        if name.endswith(".html"):
            wrong += [f"{name}: {found}" for found in re.findall(r"\son\w+\s*=|\sstyle\s*=|javascript:|<style", text)]
            wrong += [f"{name}: {tag}" for tag in re.findall(r"<script[^>]*>", text) if "src=" not in tag]
        if name.endswith(".js"):
            wrong += [f"{name}: {found}" for found in PARSERS.findall(text)]
    assert not wrong


def test_every_word_of_the_pages_is_in_both_languages():
    """A key that a shell or a script names as a whole is in the catalogue."""
    known = wording.read(wording_tables())
    assert all(each["zh"].strip() and each["en"].strip() for key, each in known.items() if not key.startswith("property."))
    missing = set()
    for name in SHELF.names():
        text = (STATIC / name).read_text("utf-8") if name.endswith((".js", ".html")) else ""
        keys = re.findall(r"""\bt\("([a-z_]+(?:\.[a-z0-9_]+)*)"[,)]""", text) + re.findall(r'data-t(?:-\w+)?="([^"]+)"', text)
        missing |= {f"{name}: {key}" for key in keys if key not in known}
    assert not missing


def test_every_reason_not_to_read_a_frame_has_words():
    """The closed list of dead letters' reasons, as the table shows it."""
    known = wording.read(wording_tables())
    assert {f"unread.{reason}" for reason in Reason} <= set(known)


def wording_tables():
    import tomllib

    from sensing.paths import config_dir

    return tomllib.loads((config_dir() / "words.toml").read_text("utf-8"))
