"""What the registering pages ask of the service: places before a device stands there, free ids, the head of a sheet, undo, prints."""

import json

import pytest

from sensing.access import Role
from sensing.registry.undoing import WITHIN
from tests.house import TESTER, House, reading

LAND = {"lat": 24.51, "lon": 117.65}


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    found = House(tmp_path_factory.mktemp("data"))
    yield found
    found.close()


async def ask(house, method, path, status=200, role=Role.ENGINEER, headers=None, **more):
    async with house.client(role) as client:
        answer = await client.request(method, path, headers=headers, **more)
    assert answer.status_code == status, answer.text
    return answer


async def place(house, status=200, **parameters):
    return (await ask(house, "GET", "/api/place", status, params=parameters)).json()


async def test_a_place_is_doubted_before_anything_stands_there(house):
    """The checklist's doubts, while the pin can still be moved: swapped, on another of its type; a place that is none is refused with the remedy."""
    house.device("near-1", area="芗城", **LAND)
    found = await place(house, type="gauge", native="n-9", **LAND)
    assert found["near"][0] == {"id": "near-1", "name": "", "type": "gauge", "area": "芗城", "metres": 0, **LAND}
    assert [one["area"] for one in found["areas"]] == ["芗城"]
    assert [one["reason"] for one in found["doubts"]] == ["duplicate_place"]
    assert found["doubts"][0]["remedy"]["zh"]
    swapped = await place(house, 422, type="gauge", lat=LAND["lon"], lon=LAND["lat"])
    assert "swapped" in swapped["hint"]
    assert [one["reason"] for one in (await place(house, type="gauge", lat=30, lon=40))["doubts"]] == []
    assert (await place(house, type="river-gauge", adapter="sl651", native="12ab", **LAND))["lat"] == LAND["lat"]
    assert "needed" in (await place(house, 400, lat=24))["error"]


async def test_a_map_s_system_is_converted(house):
    """GCJ-02 comes back as WGS 84, some hundred metres away; the device's own place is no neighbour of itself."""
    found = await place(house, crs="gcj02", device="near-1", **LAND)
    assert 0.001 < abs(found["lon"] - LAND["lon"]) < 0.01
    assert found["near"] == []


async def test_who_is_bound_to_an_area_sees_no_others(house):
    """Neighbours and areas elsewhere are nobody else's business."""
    house.device("east-1", area="East")
    token = house.registry.create_token("east", Role.ENGINEER, areas=("East",), actor=TESTER).text
    headers = {"authorization": f"Bearer {token}"}
    found = (await ask(house, "GET", "/api/place", headers=headers, params=LAND)).json()
    assert found["near"] == []
    assert [one["area"] for one in (await ask(house, "GET", "/api/areas", headers=headers)).json()["items"]] == ["East"]
    await ask(house, "GET", "/api/export/labels", 403, headers=headers, params={"id": "near-1"})


async def test_a_free_id_is_made(house):
    """Words become an id that nobody has; a number at the end is not kept."""
    house.device("river-gauge-1")
    assert (await ask(house, "GET", "/api/ids", params={"like": "River gauge 1"})).json() == {"id": "river-gauge-2"}
    assert (await ask(house, "GET", "/api/ids", params={"like": "水位"})).json()["id"].startswith("device-")


async def test_the_head_of_a_sheet_is_matched_and_corrected(house):
    """Headers are told with their columns and samples before anything is read; what a person says of them goes for the import too."""
    sheet = "一张表\n本局代号,类型,站名\nq-1,gauge,甲\nq-2,gauge,乙\n".encode("gb18030")
    seen = (await ask(house, "POST", "/api/devices/import/look", content=sheet)).json()
    assert (seen["row"], seen["headers"], seen["columns"]) == (2, ["本局代号", "类型", "站名"], [None, "type", "name"])
    assert seen["samples"][0] == ["q-1", "gauge", "甲"]
    columns = json.dumps({"本局代号": "id", "站名": ""})
    again = (await ask(house, "POST", "/api/devices/import/look", content=sheet, params={"columns": columns})).json()
    assert again["columns"] == ["id", "type", None]
    lines = (await ask(house, "POST", "/api/devices/import", content=sheet, params={"columns": columns})).text.splitlines()
    assert json.loads(lines[-1])["import"]["new"] == 2
    assert (await ask(house, "GET", "/api/devices/q-1")).json()["name"] == ""
    wrong = {"columns": json.dumps({"站名": "colour"})}
    assert "colour" in (await ask(house, "POST", "/api/devices/import/look", 422, content=sheet, params=wrong)).json()["error"]
    await ask(house, "POST", "/api/devices/import/look", 422, content=b"")
    await ask(house, "POST", "/api/devices/import/look", 422, content=sheet, params={"columns": "no"})


async def test_a_registration_is_undone_within_ten_minutes(house):
    """Id and native id are free again, with a password of its own anew; later it is a conflict that says to retire."""
    body = {"id": "short-1", "type": "gauge", "native": "s-1"}
    first = (await ask(house, "POST", "/api/devices", 201, json=body)).json()
    await ask(house, "POST", "/api/devices/short-1/undo")
    await ask(house, "GET", "/api/devices/short-1", 404)
    await ask(house, "POST", "/api/devices/short-1/undo", 404)
    again = (await ask(house, "POST", "/api/devices", 201, json=body)).json()
    assert again["password"] != first["password"]
    house.registry.database.clock, clock = lambda: clock() + WITHIN + 1, house.registry.database.clock
    try:
        late = (await ask(house, "POST", "/api/devices/short-1/undo", 409)).json()
    finally:
        house.registry.database.clock = clock
    assert "retire" in late["hint"]


async def test_labels_and_records_are_printed(house):
    """PDF sheets, one code as a picture, a record as PDF and as a page that runs nothing; an edited record is not printed."""
    house.device("print-1", name="打印一号", area="Print")
    sheet = await ask(house, "GET", "/api/export/labels", params={"area": "Print"})
    assert sheet.content.startswith(b"%PDF")
    picture = await ask(house, "GET", "/api/export/labels", params={"id": "print-1", "format": "svg"})
    assert picture.headers["content-type"].startswith("image/svg+xml")
    await ask(house, "GET", "/api/export/labels", 400, params={"format": "svg", "query": "-1"})
    await ask(house, "GET", "/api/export/labels", 404, params={"area": "nowhere"})
    house.send("print-1", reading("print-1", 1.0, house.now))
    kept = (await ask(house, "POST", "/api/devices/print-1/commissions", 201, json={"by": "<王工>"})).json()
    path = f"/api/devices/print-1/commissions/{kept['id']}"
    assert (await ask(house, "GET", path)).content.startswith(b"%PDF")
    page = await ask(house, "GET", path, params={"format": "html"})
    assert "&lt;王工&gt;" in page.text
    assert "style-src 'sha256-" in page.headers["content-security-policy"]
    await ask(house, "GET", "/api/devices/print-1/commissions/c-none", 404)


async def test_a_browser_that_opens_a_label_is_led_to_the_page(house):
    """A phone's camera opens the plain address; programs get the thing as ever, and a code that stands for nothing need not be an error."""
    label = house.device("scan-1").device.label
    led = await ask(house, "GET", f"/id/{label}", 303, role=None, headers={"accept": "text/html,*/*"})
    assert led.headers["location"] == f"/m/register?code={label}"
    odd = await ask(house, "GET", "/id//evil.example/x", 303, role=None, headers={"accept": "text/html"})
    assert odd.headers["location"].startswith("/m/register?code=")
    assert (await ask(house, "GET", f"/id/{label}")).json()["id"] == "scan-1"
    assert (await ask(house, "GET", "/id/nothing", params={"maybe": 1})).json() == {"code": "nothing", "things": []}
    await ask(house, "GET", "/id/nothing", 404)
