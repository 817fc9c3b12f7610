"""Names that would be code: whatever a device, a ship, a file or an address is called, an answer carries it as text, and never as markup or a header."""

import json
from urllib.parse import quote

import pytest

from adapters._wire.ais_encode import report
from sensing import app, times
from sensing.web.answers import attachment
from sensing.web.routes import ROUTES
from tests.house import ADAPTERS, TESTER, TYPES, House, reading

CORPUS = (
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "';alert(1)//", "<svg/onload=alert(1)>", "javascript:alert(1)", "{{7*7}}", "</title><script>",
    '=HYPERLINK("http://evil.example")', "+1+1", "@SUM(A1)", "&lt;b&gt;",
)  # fmt: skip
SHIP = "<SCRIPT>ALERT(1)"
MMSI = 413372870
MARKUP = ("<script", "<img", "<svg/onload")


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """Devices and a file called by each name of the corpus, dead letters that say them, and a ship of that kind."""
    data = tmp_path_factory.mktemp("data")
    found = House(data, adapters={**app.adapters(), **ADAPTERS}, types={**app.types(data), **TYPES})
    for number, name in enumerate(CORPUS):
        found.device(f"bad-{number}", name=name, area=name, note=name, native=name)
        found.send(f"bad-{number}", reading(name, 1.0, times.now()))
        found.send(f"bad-{number}", name.encode())
        found.send(f"bad-{number}", reading(f"unknown {name}", 1.0, times.now()))
    found.registry.register_principal("receiver-1", "receiver", actor=TESTER)
    for frame in report({"msg_type": 5, "mmsi": MMSI, "shipname": SHIP, "destination": "<B>X"}, time=times.now() // 1000 * 1000):
        found.send("receiver-1", frame, adapter="ais")
    yield found
    found.close()


def addresses():
    """Every GET, with names that lead to what there is and names that are code."""
    for route in ROUTES:
        if route.method != "GET" or route.page or route.path == "/api/live":
            continue
        query = "?once=1&since=1h" if route.path == "/api/stream" else ""
        names = ["bad-0", quote(CORPUS[0], safe=""), quote(CORPUS[1], safe=""), str(MMSI)] if "{" in route.path else [""]
        for name in names:
            yield "/".join(name if "{" in word else word for word in route.path.split("/")) + query


async def test_no_answer_carries_a_name_as_markup(house):
    """JSON, NDJSON, CSV and what else there is: a content type that no browser reads as a page, and no guessing; a page has it escaped."""
    wrong = []
    async with house.client() as client:
        for address in addresses():
            answer = await client.get(address)
            kind = answer.headers.get("content-type", "")
            text = "" if kind.startswith(("image/", "application/pdf", "application/vnd")) else answer.text.lower()
            if answer.headers["x-content-type-options"] != "nosniff" or not kind:
                wrong.append((address, kind))
            if any(each in text for each in MARKUP) and not kind.startswith(
                ("application/", "text/csv", "text/event-stream", "text/plain")
            ):
                wrong.append((address, kind))
            if "'unsafe" in answer.headers["content-security-policy"]:
                wrong.append((address, "unsafe"))
    assert not wrong


def test_the_ship_is_there_to_be_shown(house):
    """So that the sweep above has met it: what AIS calls itself is kept as it was sent."""
    with house.desk.stores.take() as store:
        facts = store.facts(house.adapters["ais"].thing_id(str(MMSI)))
    assert SHIP in json.dumps(facts)


async def test_pages_carry_nothing_of_their_address(house):
    """A query, however it is written, is not in the shell, nor in the way to it."""
    async with house.client() as client:
        for code in CORPUS:
            answer = await client.get(f"/map/flood?next={quote(code)}")
            assert (answer.status_code, code in answer.text) == (200, False)
    async with house.client(None) as client:
        for code in (*CORPUS, "a\r\nset-cookie: x=1"):
            answer = await client.get(f"/table?x={quote(code)}")
            assert answer.status_code == 303
            assert not set(answer.headers["location"]) & set("<>\"' \r\n")
            assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("name", [*CORPUS, 'a"; filename=evil.exe', "a\r\nset-cookie: x=1", "漳州.csv", "", "x" * 500])
def test_a_file_name_is_one_header_of_one_value(name):
    """Quotes, line ends and other signs of a name do not end the header, nor its value."""
    told = attachment(name)["content-disposition"]
    told.encode("ascii")
    assert "\r" not in told
    assert "\n" not in told
    assert told.count('"') == 2
    assert told.count(";") == (1 if "filename*" not in told else 2)


@pytest.mark.parametrize("query", ["format=csv", "format=csv&bom=1", "format=csv&every=1h&bom=1", "format=csv&every=1h"])
async def test_csv_is_a_file_that_excel_reads_as_text(house, query):
    """bom=1 puts the mark before the header, once; the answer is a file; cells that would be formulas are quoted (devices' export likewise)."""
    async with house.client() as client:
        answer = await client.get(f"/api/observations?device=bad-0&{query}")
        exported = await client.get(f"/api/export/devices?{'bom=1' if 'bom' in query else ''}")
    for each in (answer, exported):
        assert each.content.startswith(b"\xef\xbb\xbf") is ("bom" in query)
        assert each.content.count(b"\xef\xbb\xbf") == ("bom" in query)
        assert each.headers["content-disposition"].startswith("attachment; filename=")
    assert not [line for line in exported.text.splitlines() if ",=HYPERLINK" in line or ",+1+1" in line]
