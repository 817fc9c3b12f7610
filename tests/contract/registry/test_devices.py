"""Editing, finding and exporting devices; API tokens."""

import csv
import io
import json

import pytest

from sensing.access import Role, authenticate_token
from sensing.audit import Actor
from sensing.errors import ConflictError, NotFoundError, ValidationError
from sensing.registry import DeviceFilter, DeviceForm, Registry, described, form_of

ENGINEER = Actor("wang", "10.0.0.7")
HOUR = 3_600_000_000


def test_values_that_bear_on_results_are_dated(house):
    house.register("gauge-1", zero=3.5, datum="85", unit={"water_level": "cm"})
    start = house.clock.now
    house.clock.now += HOUR
    device = house.edit("gauge-1", zero=3.7)
    assert [(each.generation, each.valid_from, each.zero) for each in device.configs] == [(0, 0, 3.5), (1, start + HOUR, 3.7)]
    assert device.configs[1].units == {"water_level": "cm"}
    house.edit("gauge-1", valid_from=start, offset=0.02, mount_height=8.0)
    thing = house.directory.find("plainjson", "gauge-1")
    assert [(each.generation, each.zero, each.offset) for each in thing.configs] == [(0, 3.5, 0.0), (2, 3.5, 0.02), (1, 3.7, 0.0)]
    assert house.registry.show_device("gauge-1").configs == thing.configs
    assert thing.config_at(start - 1).generation == 0
    assert thing.config_at(start).generation == 2
    assert thing.config_at(start + HOUR).generation == 1
    house.edit("gauge-1", valid_from=start + HOUR, zero=None)
    assert house.registry.show_device("gauge-1").config.generation == 3
    house.directory.version()
    assert house.directory.find("plainjson", "gauge-1").config_at(start + HOUR).zero is None


def test_an_edit_that_changes_nothing_moves_nothing(house):
    house.register("gauge-1", name="桥头", zero=1.0, lat=24.5, lon=117.6, settings={"a": 1})
    before, lines = house.registry.version(), house.last().seq
    house.edit("gauge-1", name="桥头", zero=1.0, lat=24.5, lon=117.6, settings={"a": 1}, native="gauge-1", type="vendor-a")
    assert (house.registry.version(), house.last().seq) == (before, lines)


def test_edits_reach_the_directory(house):
    house.registry.register_principal("dtu-1", "gateway", actor=ENGINEER)
    credential = house.register("gauge-1", native="old", settings={"extra": 1}).credential
    assert house.directory.find("plainjson", "old").settings == {"map": {"a": 1}, "extra": 1}
    assert house.directory.find("plainjson", "new") is None
    house.edit(
        "gauge-1", native="new", type="vendor-b", principal="dtu-1", name="桥", area="zhangpu", note="x", settings={"map": 3}
    )
    house.directory.version()
    assert house.directory.find("plainjson", "old") is None
    thing = house.directory.find("plainjson", "new")
    assert (thing.type, thing.principal, thing.name, thing.area, thing.settings) == (
        "vendor-b",
        "dtu-1",
        "桥",
        "zhangpu",
        {"map": 3},
    )
    assert house.door.authenticate("gauge-1", credential.password.encode()) is None, "its own principal carries nothing any more"
    with pytest.raises(ValidationError, match="does not fit type river-gauge"):
        house.edit("gauge-1", type="river-gauge")
    house.registry.register_principal("dtu-2", "gateway", actor=ENGINEER)
    assert house.edit("gauge-1", principal="dtu-2").principal == "dtu-2"
    house.register("gauge-2", native="taken")
    with pytest.raises(ConflictError, match="gauge-2"):
        house.edit("gauge-1", native="taken")
    with pytest.raises(NotFoundError, match='"gauge-9" does not exist'):
        house.edit("gauge-9", name="x")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"type": "river-guage"}, "did you mean river-gauge"),
        ({"type": "river-gauge", "adapter": "senml"}, "it speaks sl651"),
        ({"type": "generic"}, "say which one the device speaks"),
        ({"type": "generic", "adapter": "SL651"}, "is not an adapter's name"),
        ({"type": "river-gauge"}, "not an SL 651 station address; give the station's 8 digits"),
        ({"native": "a\tb"}, "printable"),
    ],
)
def test_bad_devices_are_refused_with_a_remedy(house, fields, message):
    with pytest.raises(ValidationError, match=message):
        house.register("gauge-1", **fields)
    assert house.registry.count_devices() == 0


def test_the_generic_type_fits_any_adapter(house):
    device = house.register("box-1", type="generic", adapter="senml", native="urn:dev:ow:10e2073a01080063").device
    assert (device.adapter, device.domain) == ("senml", "environment")
    assert house.directory.find("senml", "urn:dev:ow:10e2073a01080063").settings == {}


def test_devices_are_found_by_what_people_remember(house):
    house.register("gauge-1", name="九龙江 100%", area="longhai")
    house.register("gauge-2", type="river-gauge", native="62031500", area="zhangpu")
    house.register("gauge-3", area="zhangpu")
    house.registry.retire_device("gauge-3", actor=ENGINEER)

    def found(**chosen):
        return [device.id for device in house.registry.list_devices(DeviceFilter(**chosen))]

    assert found() == ["gauge-1", "gauge-2"]
    assert found(query="九龙") == ["gauge-1"]
    assert found(query="%") == ["gauge-1"]
    assert found(query="GAUGE_") == []
    assert found(query="62031") == ["gauge-2"]
    assert found(query="Zhangpu", state=None) == ["gauge-2", "gauge-3"]
    assert found(type="river-gauge") == ["gauge-2"]
    assert found(area="zhangpu", state="retired") == ["gauge-3"]
    assert found(adapter="plainjson", principal="gauge-1") == ["gauge-1"]
    assert house.registry.count_devices() == 2
    assert [each.id for each in house.registry.list_devices(after="gauge-1", limit=1)] == ["gauge-2"]


def test_many_devices_are_registered_all_or_none(house):
    """The error names its device; nothing of the good ones stays."""
    forms = [DeviceForm.read({"id": f"g-{number}", "type": "vendor-a", "native": f"n-{number % 4}"}) for number in range(5)]
    with pytest.raises(ConflictError, match="g-4: native n-0 of plainjson belongs to device g-0"):
        house.registry.register_devices(forms, actor=ENGINEER)
    assert house.registry.count_devices() == 0
    done = house.registry.register_devices(forms[:4], actor=ENGINEER, origin="simulated", run="megi-1")
    assert [each.credential.run for each in done] == ["megi-1"] * 4


def test_what_is_exported_can_be_registered_elsewhere(house, tmp_path):
    """CSV out, CSV in, CSV out again is the same text; nothing of a credential is in it."""
    house.registry.register_principal("dtu-1", "gateway", actor=ENGINEER)
    secret = house.register(
        "gauge-1", type="river-gauge", native="62031500", name='九龙江,"桥"', lat=24.51, lon=117.65, crs="bd09", area="龙海",
        datum="1985", zero=3.125, unit="water_level=cm rainfall=mm", settings={"tolerate": ["modbus_crc"]}, note="a;b",
    ).credential.password  # fmt: skip
    house.register("gauge-2", principal="dtu-1")
    text = "".join(house.registry.export_devices("csv"))
    assert text.splitlines()[0] == "id,type,adapter,native,name,lat,lon,crs,area,datum,zero,unit,principal,settings,note"
    assert secret not in text
    other = Registry(tmp_path / "other.db", house.registry.types, house.clock)
    other.register_principal("dtu-1", "gateway", actor=ENGINEER)
    other.register_devices((form_of(row) for row in csv.DictReader(io.StringIO(text))), actor=ENGINEER)
    assert "".join(other.export_devices("csv")) == text
    lines = [json.loads(line) for line in house.registry.export_devices("json")]
    there = [described(device) for device in other.each_device()]
    assert [_of_no_site(line) for line in lines] == [_of_no_site(line) for line in there]
    assert all(mine["urn"] != theirs["urn"] for mine, theirs in zip(lines, there, strict=True)), "a URN is of one registry"
    other.close()
    with pytest.raises(ValidationError, match="write csv or json"):
        house.registry.export_devices("xml")


def _of_no_site(told):
    return {name: value for name, value in told.items() if name not in ("label", "urn")}


def test_export_of_nothing_is_a_header(house):
    assert "".join(house.registry.export_devices()).count("\n") == 1


def test_api_tokens_are_shown_once_and_end_when_told(house):
    token = house.registry.create_token("wall", Role.VIEWER, actor=ENGINEER)
    short = house.registry.create_token("visit", Role.OPERATOR, expires=house.clock.now + 1, actor=ENGINEER)
    assert authenticate_token(house.registry, token.text).role is Role.VIEWER
    assert authenticate_token(house.registry, short.text).name == "visit"
    assert token.text not in repr(token) + repr(house.registry.list_tokens())
    house.clock.now += 1
    assert authenticate_token(house.registry, short.text) is None
    house.registry.revoke_token(token.id, actor=ENGINEER)
    assert authenticate_token(house.registry, token.text) is None
    assert [each.id for each in house.registry.list_tokens()] == [short.id]
    assert len(house.registry.list_tokens(revoked=True)) == 2
    with pytest.raises(NotFoundError):
        house.registry.revoke_token("t-none", actor=ENGINEER)
    with pytest.raises(ValidationError, match="expired already"):
        house.registry.create_token("late", Role.VIEWER, expires=house.clock.now, actor=ENGINEER)


@pytest.mark.parametrize("name", ["", "x" * 65, "a\nb"])
def test_a_token_has_a_name_that_fits_an_audit_line(house, name):
    with pytest.raises(ValidationError, match="1 to 64 printable"):
        house.registry.create_token(name, Role.VIEWER, actor=ENGINEER)


def test_a_chinese_system_abroad_is_refused_when_it_comes_late_too(house):
    house.register("gauge-1", lat=51.5, lon=-0.1)
    with pytest.raises(ValidationError, match='crs "bd09": bd09 is only defined in China'):
        house.edit("gauge-1", crs="bd09")


def test_retiring_and_restoring_twice_is_once(house):
    house.register("gauge-1")
    lines = []
    for act in (
        house.registry.retire_device,
        house.registry.retire_device,
        house.registry.restore_device,
        house.registry.restore_device,
    ):
        act("gauge-1", actor=ENGINEER)
        lines.append(house.last().seq)
    assert lines[0] == lines[1] < lines[2] == lines[3]
