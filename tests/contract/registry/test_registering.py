"""Making devices known, and taking them out of service."""

import pytest

from sensing.audit import Actor
from sensing.errors import ConflictError, NotFoundError
from sensing.model import Config

ENGINEER = Actor("wang", "10.0.0.7")
HOUR = 3_600_000_000


def test_a_device_without_a_principal_gets_its_own(house):
    registered = house.register("gauge-1", type="river-gauge", native="62031500", lat=24.513, lon=117.6536, zero=3.5, datum="85")
    assert registered.device.principal == "gauge-1"
    assert registered.credential.username == "gauge-1"
    assert house.door.authenticate("gauge-1", registered.credential.password.encode()).principal == "gauge-1"
    thing = house.directory.find("sl651", "0062031500")
    assert (thing.id, thing.type, thing.domain, thing.principal) == ("gauge-1", "river-gauge", "safety", "gauge-1")
    assert (thing.lon, thing.lat) == (117.6536, 24.513)
    assert thing.limits == {"water_level": (-5, 60)}
    assert thing.configs == (Config(zero=3.5, datum="85"),)
    house.registry.register_principal("dtu-1", "gateway", actor=ENGINEER)
    with pytest.raises(ConflictError, match="principal dtu-1 exists already"):
        house.register("dtu-1")


def test_a_device_of_a_gateway_has_no_credential_of_its_own(house):
    house.registry.register_principal("dtu-1", "gateway", actor=ENGINEER)
    registered = house.register("gauge-1", principal="dtu-1")
    assert registered.credential is None
    assert registered.device.principal == "dtu-1"
    assert house.directory.find("plainjson", "gauge-1").principal == "dtu-1"
    with pytest.raises(NotFoundError, match='"dtu-9" does not exist; register it first'):
        house.register("gauge-2", principal="dtu-9")
    house.registry.retire_device("gauge-1", actor=ENGINEER)
    house.registry.retire_principal("dtu-1", actor=ENGINEER)
    with pytest.raises(ConflictError, match="principal dtu-1 is retired"):
        house.registry.restore_device("gauge-1", actor=ENGINEER)
    with pytest.raises(ConflictError, match="principal dtu-1 is retired"):
        house.register("gauge-2", principal="dtu-1")


def test_two_devices_cannot_have_one_native_id(house):
    """However it is spelled; the one that has it is named, and the second leaves no principal behind."""
    house.register("gauge-1", type="river-gauge", native="62031500")
    with pytest.raises(ConflictError, match="belongs to device gauge-1"):
        house.register("gauge-2", type="river-gauge", native="0062031500")
    assert [each.id for each in house.registry.list_principals()] == ["gauge-1"]
    house.register("gauge-3", native="0062031500")


def test_one_id_is_one_device_for_ever(house):
    house.register("gauge-1")
    with pytest.raises(ConflictError, match="device gauge-1 exists already, active; edit it"):
        house.register("gauge-1", native="other")
    house.registry.retire_device("gauge-1", actor=ENGINEER)
    with pytest.raises(ConflictError, match="device gauge-1 exists already, retired; restore it"):
        house.register("gauge-1", native="other")


def test_a_retired_device_frees_its_native_id_and_comes_back_when_it_is_free(house):
    credential = house.register("gauge-1", native="n-1").credential
    assert house.directory.find("plainjson", "n-1").id == "gauge-1"
    house.registry.retire_device("gauge-1", actor=ENGINEER)
    house.directory.version()
    assert house.directory.find("plainjson", "n-1") is None
    assert house.door.authenticate("gauge-1", credential.password.encode()) is None
    house.register("gauge-2", native="n-1")
    with pytest.raises(ConflictError, match="belongs to device gauge-2"):
        house.registry.restore_device("gauge-1", actor=ENGINEER)
    house.registry.retire_device("gauge-2", actor=ENGINEER)
    assert house.registry.restore_device("gauge-1", actor=ENGINEER).state == "active"
    house.directory.version()
    assert house.directory.find("plainjson", "n-1").id == "gauge-1"
    assert house.door.authenticate("gauge-1", credential.password.encode()) is not None


def test_a_positions_system_is_turned_and_its_raw_pair_kept(house):
    device = house.register("gauge-1", lat=24.51003260663038, lon=117.65839742574879, crs="gcj02").device
    assert (device.lon, device.lat) == pytest.approx((117.6536, 24.5130), abs=1e-8)
    assert (device.raw_lon, device.raw_lat, device.crs) == (117.65839742574879, 24.51003260663038, "gcj02")
    turned = house.edit("gauge-1", crs="wgs84")
    assert (turned.lon, turned.lat, turned.crs) == (117.65839742574879, 24.51003260663038, "wgs84")
    assert house.edit("gauge-1", lat=None, lon=None).lon is None
