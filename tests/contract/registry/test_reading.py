"""What readers see of changes, while they are made and after."""

import threading

import pytest
from sqlalchemy import insert

from sensing.access import Role
from sensing.audit import Actor
from sensing.registry import DeviceForm, Registry
from sensing.registry.schema import runs

ENGINEER = Actor("wang", "10.0.0.7")
HOUR = 3_600_000_000


CHANGES = {
    "principal_registered": lambda h: h.registry.register_principal("dtu-9", "gateway", actor=ENGINEER),
    "credential_issued": lambda h: h.registry.issue_credential("dtu-1", actor=ENGINEER),
    "principal_rotated": lambda h: h.registry.rotate_principal("dtu-1", actor=ENGINEER),
    "credential_revoked": lambda h: h.registry.revoke_principal("dtu-1", actor=ENGINEER),
    "principal_retired": lambda h: h.registry.retire_principal("dtu-1", actor=ENGINEER),
    "run_started": lambda h: h.registry.start_run("megi-1", origin="simulated", actor=ENGINEER),
    "device_registered": lambda h: h.register("gauge-9"),
    "device_edited": lambda h: h.edit("gauge-1", name="x"),
    "device_retired": lambda h: h.registry.retire_device("gauge-1", actor=ENGINEER),
    "token_created": lambda h: h.registry.create_token("x", Role.VIEWER, actor=ENGINEER),
    "tracks_read": lambda h: h.registry.record("tracks_read", "mmsi-1", actor=ENGINEER),
}


@pytest.mark.parametrize("what", CHANGES)
def test_every_change_is_audited_with_who_and_from_where(house, what):
    house.registry.register_principal("dtu-1", "gateway", actor=ENGINEER)
    house.register("gauge-1")
    before = house.last().seq
    CHANGES[what](house)
    lines = [line for line in house.registry.audit_lines() if line.seq > before]
    assert what in {line.what for line in lines}
    assert {(line.who, line.address, line.at) for line in lines} == {("wang", "10.0.0.7", house.clock.now)}
    assert house.registry.first_bad_audit_line() is None


def test_every_change_of_devices_moves_the_version_and_only_credentials_wake_the_door(house):
    house.register("gauge-1")
    directory, door = house.directory.version(), house.door.version()
    house.edit("gauge-1", name="x")
    assert house.directory.version() > directory
    assert house.door.version() == door
    house.registry.retire_device("gauge-1", actor=ENGINEER)
    assert house.door.version() > door


def test_mappings_are_those_of_the_principals_devices(house):
    house.registry.register_principal("dtu-1", "gateway", actor=ENGINEER)
    assert house.directory.mappings("dtu-1", "plainjson") == ()
    for number, kind in enumerate(["vendor-a", "vendor-b", "vendor-a"]):
        house.register(f"box-{number}", type=kind, principal="dtu-1")
    house.register("other")
    house.directory.version()
    assert house.directory.mappings("dtu-1", "plainjson") == ({"map": {"a": 1}}, {"map": {"b": 2}})
    assert house.directory.mappings("dtu-1", "sl651") == ()
    house.registry.retire_device("box-1", actor=ENGINEER)
    house.directory.version()
    assert house.directory.mappings("dtu-1", "plainjson") == ({"map": {"a": 1}},)


def test_the_directory_remembers_a_bounded_number(house):
    """With room for 8 it still knows all 40, one question at a time, and no more stay in memory."""
    forms = [DeviceForm.read({"id": f"g-{number}", "type": "vendor-a"}) for number in range(40)]
    house.registry.register_devices(forms, actor=ENGINEER)
    house.directory.version()
    for _ in range(2):
        assert [house.directory.find("plainjson", form.id).id for form in forms] == [form.id for form in forms]
        assert all(house.directory.find("plainjson", f"x-{number}") is None for number in range(40))
    assert len(house.directory._known) <= 8
    assert len(house.directory._unknown) <= 8
    assert len(house.directory._keys) <= 17


def test_an_unknown_device_is_found_once_it_is_registered(house):
    assert house.directory.find("plainjson", "gauge-1") is None
    house.register("gauge-1")
    house.directory.version()
    assert house.directory.find("plainjson", "gauge-1").id == "gauge-1"


def test_what_did_not_change_stays_in_memory(house):
    """Registering the 5,000th device does not make work ask again for the other 4,999."""
    house.register("gauge-1")
    house.directory.version()
    known = house.directory.find("plainjson", "gauge-1")
    house.register("gauge-2")
    house.directory.version()
    assert house.directory.find("plainjson", "gauge-1") is known


def test_readers_see_the_old_state_while_a_write_goes_on_and_the_new_one_after(house):
    before = house.directory.version()
    credential = house.registry.register_principal("dtu-1", "gateway", actor=ENGINEER)
    opened, leave = threading.Event(), threading.Event()

    def write():
        with house.registry.database.write(ENGINEER) as change:
            rows = [{"id": f"r-{number}", "origin": "x", "name": "y" * 1_000, "started": 1} for number in range(4_000)]
            change.connection.execute(insert(runs), rows)
            change.credentials_moved()
            opened.set()
            assert leave.wait(20)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        assert opened.wait(20)
        during = house.directory.version()
        granted = house.door.authenticate("dtu-1", credential.password.encode())
    finally:
        leave.set()
        thread.join()
    assert during == before + 1
    assert granted is not None
    assert house.directory.version() == during + 1


def test_two_writers_take_turns(house, where):
    """The command line and web at once: nobody's change is lost and the audit chain stays whole."""
    other = Registry(where, house.registry.types, house.clock)
    failed = []

    def register(registry, prefix):
        try:
            for number in range(10):
                form = DeviceForm.read({"id": f"{prefix}-{number}", "type": "vendor-a"})
                registry.register_device(form, actor=ENGINEER)
        except Exception as error:  # noqa: BLE001 - told to the test
            failed.append(error)

    threads = [threading.Thread(target=register, args=pair) for pair in ((house.registry, "a"), (other, "b"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert house.registry.count_devices() == 20
    assert other.first_bad_audit_line() is None
    other.close()


def test_a_flood_of_changes_is_forgotten_whole(house, monkeypatch):
    """Beyond a limit the directory drops all that it knows; its answers are as right as before."""
    monkeypatch.setattr("sensing.registry.directory._MOST_CHANGES", 3)
    for number in range(5):
        house.register(f"gauge-{number}")
    house.directory.version()
    assert house.directory.find("plainjson", "gauge-4").name == ""
    for number in range(5):
        house.edit(f"gauge-{number}", name="new")
    house.directory.version()
    assert house.directory.find("plainjson", "gauge-4").name == "new"


def test_a_types_units_lie_under_the_devices_own(house):
    house.register("box-1", type="vendor-b", unit="water_level=cm")
    house.register("box-2", type="vendor-b", unit="rainfall=mm")
    assert house.directory.find("plainjson", "box-1").configs[0].units == {"rainfall": "cm", "water_level": "cm"}
    assert house.directory.find("plainjson", "box-2").configs[0].units == {"rainfall": "mm"}
    assert house.registry.show_device("box-2").config.units == {"rainfall": "mm"}
