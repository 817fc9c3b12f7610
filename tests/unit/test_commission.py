"""Commissioning records: what the service saw is kept, hashed and printed; what somebody changed later is found."""

import hashlib
import json
from contextlib import closing, contextmanager

import httpx
import pytest
from typer.testing import CliRunner

from sensing import papers
from sensing.access import Role
from sensing.cli import client as cli_client
from sensing.cli.main import app
from sensing.errors import Exit
from sensing.registry.commissions import canonical, digest
from tests.house import House, reading

run = CliRunner(env={"SENSING_LANG": "en", "NO_COLOR": "1"}).invoke


@pytest.fixture
def house(tmp_path):
    with closing(House(tmp_path / "data")) as found:
        found.device("gauge-1", name="古雷 <1>号", zero=1.25, settings={"channel_key": "secret"})
        found.send("gauge-1", reading("gauge-1", 3.45, found.now))
        yield found


async def ask(house, method, status=200, body=None, role=Role.ENGINEER, device="gauge-1"):
    async with house.client(role) as client:
        answer = await client.request(method, f"/api/devices/{device}/commissions", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_a_record_holds_what_the_service_saw(house):
    """Checklist, first values, the dip test's difference, the configuration in force, the photo's hash; no secret; its hash is of its bytes."""
    photo = {"path": "p.jpg", "sha256": "0" * 64, "size": 3}
    kept = await ask(house, "POST", 201, {"by": "王工", "dip": 3.42, "photo": photo, "note": "桩号 3"})
    document = kept["document"]
    assert document["checklist"]["passed"] is True
    assert [row["result"] for row in document["first"]] == [3.45]
    assert (document["dip"]["measured"], document["dip"]["difference"]) == (3.45, 0.03)
    assert (document["config"]["zero"], document["by"], document["account"], document["photo"]) == (
        1.25,
        "王工",
        "engineer",
        photo,
    )
    assert "secret" not in str(document)
    assert (
        kept["sha256"]
        == hashlib.sha256(json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
    )
    assert [each["id"] for each in (await ask(house, "GET"))["items"]] == [kept["id"]]
    lines = house.registry.audit_lines(subject="gauge-1")
    assert lines[0].what == "device_commissioned"
    assert lines[0].details["sha256"] == kept["sha256"]


async def test_a_device_that_does_not_work_is_recorded_as_such(house):
    """A record is what was seen, not what was hoped for; without a level there is no difference."""
    house.device("gauge-2")
    document = (await ask(house, "POST", 201, {"dip": 1.0}, device="gauge-2"))["document"]
    assert document["checklist"]["passed"] is False
    assert (document["first"], document["dip"]["measured"], document["dip"]["difference"]) == ([], None, None)
    await ask(house, "POST", 404, {}, device="none")
    await ask(house, "POST", 422, {"dip": "deep"})
    await ask(house, "POST", 422, {"photo": {"path": "x", "sha256": "no", "size": 1}})


@pytest.mark.parametrize("change", ["document", "both"])
async def test_an_edited_record_is_found(house, change):
    """Changed in the database, even with its hash: the audit line holds another one."""
    kept = await ask(house, "POST", 201, {"dip": 3.42})
    forged = canonical(kept["document"] | {"by": "nobody"})
    sha = digest(forged) if change == "both" else kept["sha256"]
    with house.registry.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE commissions SET document = ?, sha256 = ?", (forged, sha))
    assert [each["whole"] for each in (await ask(house, "GET"))["items"]] == [False]


async def test_it_prints_in_both_languages_without_scripts(house):
    """HTML escapes what people typed and names the hash; PDF comes out whole, with a Chinese font."""
    kept = await ask(house, "POST", 201, {"by": "<b>王工</b>", "dip": 3.42})
    page = papers.html(kept["document"], kept["sha256"])
    assert "<script" not in page
    assert "&lt;b&gt;王工" in page
    assert "古雷 &lt;1&gt;号" in page
    for word in ("已入库 stored", "差值 difference", "+0.030", kept["sha256"], "水位 water_level", "登记起 registration"):
        assert word in page
    assert "1970" not in page
    printed = papers.pdf(kept["document"], kept["sha256"])
    assert printed.startswith(b"%PDF")
    assert b"STSong-Light" in printed
    assert printed == papers.pdf(kept["document"], kept["sha256"])


class Bridge:
    """The command line's way to a house: its app, asked from this thread."""

    def __init__(self, house):
        self.house = house

    def __call__(self, request):
        import asyncio

        async def ask():
            async with self.house.client(Role.ENGINEER) as client:
                answer = await client.request(
                    request.method, str(request.url), content=request.content, headers={"content-type": "application/json"}
                )
            return httpx.Response(answer.status_code, content=answer.content, headers={"content-type": "application/json"})

        return asyncio.run(ask())

    @contextmanager
    def connect(self, _data=None, _environ=None, *, network=False):
        with httpx.Client(base_url="http://house", transport=httpx.MockTransport(self)) as http:
            yield cli_client.Client(http)


def test_the_command_line_records_prints_and_verifies(house, tmp_path, monkeypatch):
    """`device record` keeps and prints, --last prints again, --verify ends with 7 for another photo or an edited record."""
    monkeypatch.setattr(cli_client, "connect", Bridge(house).connect)
    photo, paper = tmp_path / "p.jpg", tmp_path / "r.html"
    photo.write_bytes(b"picture")
    line = ["device", "record", "gauge-1", "--dip", "3.42", "--by", "Wang", "--photo", str(photo)]
    answer = run(app, [*line, "--html", str(paper), "-o", "table"])
    assert answer.exit_code == 0, answer.output
    assert "difference +0.030" in answer.stdout
    assert "SHA-256" in answer.stdout
    assert hashlib.sha256(b"picture").hexdigest() in paper.read_text("utf-8")
    again = json.loads(run(app, ["device", "record", "gauge-1", "--last", "--pdf", str(tmp_path / "r.pdf"), "-o", "json"]).stdout)
    assert again["document"]["by"] == "Wang"
    assert (tmp_path / "r.pdf").read_bytes().startswith(b"%PDF")
    assert run(app, "device record gauge-1 --verify").exit_code == 0
    photo.write_bytes(b"another")
    assert run(app, "device record gauge-1 --verify").exit_code == Exit.CHECK_FAILED
    photo.unlink()
    assert run(app, "device record gauge-1 --verify").exit_code == 0
    assert run(app, "device record gauge-1 --verify --dip 1").exit_code == Exit.USAGE
    assert run(app, [*line[:-1], "none.jpg"]).exit_code == Exit.NOT_FOUND
    with house.registry.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE commissions SET document = replace(document, '3.42', '3.44')")
    assert run(app, "device record gauge-1 --verify").exit_code == Exit.CHECK_FAILED


def test_labels_of_devices(house, tmp_path, monkeypatch):
    """The code in the QR is the device's label: as JSON, on the terminal, as pictures, and as a sheet; several in one picture are refused."""
    monkeypatch.setattr(cli_client, "connect", Bridge(house).connect)
    house.device("gauge-2", area="zhangpu")
    (told,) = json.loads(run(app, "device qr gauge-1 --base https://city.example -o json").stdout)
    assert told["code"] == house.registry.show_device("gauge-1").label
    assert told["url"] == f"https://city.example/id/{told['code']}"
    assert f"{told['code'][:4]} {told['code'][4:]}".upper() in run(app, "device qr gauge-1 -o table").stdout
    for option, start in (("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")):
        path = tmp_path / f"one.{option}"
        assert run(app, ["device", "qr", "gauge-1", f"--{option}", str(path)]).exit_code == 0
        assert path.read_bytes().startswith(start)
    assert len(json.loads(run(app, "device qr --all -o json").stdout)) == 2
    assert len(json.loads(run(app, "device qr gauge-1 --area zhangpu -o json").stdout)) == 2
    assert run(app, ["device", "qr", "--all", "--png", str(tmp_path / "two.png")]).exit_code == Exit.USAGE
    assert run(app, "device qr").exit_code == Exit.USAGE
    assert run(app, "device qr gauge-1 --base city.example").exit_code == Exit.VALIDATION
