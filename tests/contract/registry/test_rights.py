"""People, sessions, tokens bound to areas, certificates and the keyed audit, on every back end."""

import pytest

from sensing.access import ForbiddenError, Role, authenticate_token
from sensing.audit import KEY_FILE, Actor
from sensing.registry import DeviceFilter, passwords
from sensing.registry.scope import principals_within

BOUND = Actor("li", areas=("north", "漳州"))
ENGINEER = Actor("wang", "10.0.0.7")
GOOD = "many plain words 42"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(passwords, "COST", (4, 8, 1))
    monkeypatch.setattr(passwords, "_nobody", [])


def test_a_person_signs_in_and_is_changed(house):
    """Their session says who, as what and where, and ends with the change."""
    registry = house.registry
    registry.add_user("zhao", Role.ENGINEER, areas=["north"], name="赵工", password=GOOD, actor=ENGINEER)
    assert registry.right_password("zhao", GOOD)
    assert not registry.right_password("zhao", GOOD + "x")
    opened = registry.open_session("zhao", actor=Actor("zhao", "192.0.2.1"))
    found = registry.live_session(opened.text)
    assert (found.name, found.role, found.areas, found.session) == ("zhao", Role.ENGINEER, ("north",), opened.id)
    assert registry.signed_in_from("zhao", "192.0.2.1")
    assert not registry.signed_in_from("zhao", "192.0.2.2")
    renewed = registry.renew_session(opened.id, actor=ENGINEER)
    assert registry.live_session(renewed.text)
    registry.set_role("zhao", Role.VIEWER, actor=ENGINEER)
    assert registry.live_session(opened.text) is None
    assert registry.live_session(renewed.text) is None
    assert [(each.id, each.role, each.areas) for each in registry.list_users()] == [("zhao", Role.VIEWER, ())]


def test_a_token_is_bound_and_rotated(house):
    made = house.registry.create_token("wall", Role.VIEWER, areas=["north", "漳州"], actor=ENGINEER)
    assert authenticate_token(house.registry, made.text).areas == ("north", "漳州")
    turned = house.registry.rotate_token(made.id, overlap_s=60, actor=ENGINEER)
    house.clock.now += 61_000_000
    assert authenticate_token(house.registry, made.text) is None
    assert authenticate_token(house.registry, turned.text).areas == ("north", "漳州")
    assert {each.areas for each in house.registry.list_tokens()} == {("north", "漳州")}


def test_devices_are_chosen_and_changed_within_areas(house):
    """The same rule in the database as in Python: whole Latin words, and no device without an area."""
    for number, area in enumerate(("north", "north/quay", "northeast", "North", "漳州市龙海区", "厦门", "")):
        house.register(f"g-{number}", area=area)
    found = [each.id for each in house.registry.list_devices(DeviceFilter(areas=BOUND.areas))]
    assert found == ["g-0", "g-1", "g-4"]
    for device in ("g-2", "g-3", "g-5", "g-6"):
        with pytest.raises(ForbiddenError):
            house.registry.retire_device(device, actor=BOUND)
    assert house.registry.retire_device("g-1", actor=BOUND).state == "retired"
    with house.registry.database.read() as connection:
        assert principals_within(connection, BOUND.areas, [f"g-{number}" for number in range(7)] + ["nobody"]) == {"g-0", "g-4"}
        assert principals_within(connection, (), ["nobody"]) == {"nobody"}


def test_a_certificate_is_a_credential_of_its_principal(house):
    """Known to the door by its fingerprint, for that principal only, until it is revoked or over."""
    house.registry.register_principal("dtu-1", "gateway", actor=ENGINEER)
    house.registry.register_principal("dtu-2", "gateway", actor=ENGINEER)
    ends = house.clock.now + 3_600_000_000
    made = house.registry.add_certificate(
        "dtu-1", "ab" * 32, subject="CN=dtu-1", expires=ends, origin="simulated", run="r-1", actor=ENGINEER
    )
    grant = house.door.recognise("dtu-1", "ab" * 32)
    assert (grant.principal, grant.credential, grant.origin, grant.run, grant.expires) == (
        "dtu-1",
        made.id,
        "simulated",
        "r-1",
        ends,
    )
    for wrong in (("dtu-2", "ab" * 32), ("dtu-1", "cd" * 32), ("dtu-1", ""), ("DTU-1", "ab" * 32)):
        assert house.door.recognise(*wrong) is None
    assert house.door.authenticate("dtu-1", b"") is None
    house.registry.revoke_principal("dtu-1", made.id, actor=ENGINEER)
    assert house.door.recognise("dtu-1", "ab" * 32) is None
    assert not house.door.still_valid(grant)
    house.registry.add_certificate("dtu-1", "ef" * 32, subject="CN=dtu-1", expires=ends, actor=ENGINEER)
    house.clock.now = ends
    assert house.door.recognise("dtu-1", "ef" * 32) is None


def test_the_audit_goes_on_under_a_key(house, tmp_path):
    """Lines from before it stay good; those under it do not hold without it."""
    house.registry.record("x", "before", actor=ENGINEER)
    house.registry.seal_audit(tmp_path / KEY_FILE)
    house.registry.record("x", "after", actor=ENGINEER)
    assert house.registry.first_bad_audit_line() is None
    house.registry.database.keys = ()
    assert house.registry.first_bad_audit_line() == 2
