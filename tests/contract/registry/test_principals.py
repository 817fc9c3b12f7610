"""Who connects, and with what."""

import pytest

from sensing.audit import Actor
from sensing.errors import ConflictError, NotFoundError, UsageError, ValidationError

ENGINEER = Actor("wang", "10.0.0.7")
HOUR = 3_600_000_000


def test_a_password_opens_its_principal_with_origin_and_run(house):
    """P6: what a sender is marked with hangs on the password that it showed."""
    live = house.registry.register_principal("dtu-1", "gateway", "桥头", actor=ENGINEER)
    played = house.registry.issue_credential("dtu-1", origin="simulated", run="megi-1", actor=ENGINEER)
    first, second = (house.door.authenticate("dtu-1", each.password.encode()) for each in (live, played))
    assert (first.principal, first.credential, first.origin, first.run) == ("dtu-1", live.id, "live", "")
    assert (second.credential, second.origin, second.run) == (played.id, "simulated", "megi-1")


def test_nothing_else_opens(house):
    first = house.registry.register_principal("dtu-1", "gateway", actor=ENGINEER)
    house.registry.register_principal("dtu-2", "gateway", actor=ENGINEER)
    for username, password in [
        ("dtu-1", b""),
        ("dtu-1", first.password.upper().encode()),
        ("dtu-1", first.password.encode() + b"\0"),
        ("dtu-2", first.password.encode()),
        ("nobody", first.password.encode()),
        ("dtu-1' OR 1=1 --", b"x"),
        ("DTU-1", first.password.encode()),
        ("", b""),
    ]:
        assert house.door.authenticate(username, password) is None


def test_a_revoked_credential_is_refused_at_once_and_the_version_moves(house):
    one = house.registry.register_principal("dtu-1", "gateway", actor=ENGINEER)
    other = house.registry.issue_credential("dtu-1", actor=ENGINEER)
    grant, kept = (house.door.authenticate("dtu-1", each.password.encode()) for each in (one, other))
    before = house.door.version()
    assert house.registry.revoke_principal("dtu-1", one.id, actor=ENGINEER) == 1
    assert house.door.authenticate("dtu-1", one.password.encode()) is None
    assert not house.door.still_valid(grant)
    assert house.door.still_valid(kept)
    assert house.door.ended([grant, kept]) == [grant]
    assert house.door.version() > before
    assert house.registry.revoke_principal("dtu-1", actor=ENGINEER) == 1
    assert house.door.ended([grant, kept]) == [grant, kept]
    assert house.registry.revoke_principal("dtu-1", actor=ENGINEER) == 0
    with pytest.raises(NotFoundError, match="no credential"):
        house.registry.revoke_principal("dtu-1", "c-none", actor=ENGINEER)


def test_rotation_overlaps_as_long_as_it_was_told_to(house):
    old = house.registry.register_principal("dtu-1", "gateway", actor=ENGINEER)
    grant = house.door.authenticate("dtu-1", old.password.encode())
    new = house.registry.rotate_principal("dtu-1", overlap_s=60, actor=ENGINEER)
    assert house.door.authenticate("dtu-1", old.password.encode()) is not None
    assert house.door.authenticate("dtu-1", new.password.encode()) is not None
    assert house.door.still_valid(grant)
    house.clock.now += 60_000_000
    assert house.door.authenticate("dtu-1", old.password.encode()) is None
    assert not house.door.still_valid(grant)
    assert house.door.authenticate("dtu-1", new.password.encode()) is not None


def test_a_shorter_overlap_shortens_and_a_longer_one_does_not_lengthen(house):
    old = house.registry.register_principal("dtu-1", "gateway", actor=ENGINEER)
    house.registry.rotate_principal("dtu-1", overlap_s=60, actor=ENGINEER)
    house.registry.rotate_principal("dtu-1", overlap_s=600, actor=ENGINEER)
    house.clock.now += 60_000_000
    assert house.door.authenticate("dtu-1", old.password.encode()) is None


def test_rotation_without_overlap_ends_the_old_password(house):
    old = house.registry.register_principal("dtu-1", "gateway", actor=ENGINEER)
    new = house.registry.rotate_principal("dtu-1", actor=ENGINEER)
    assert house.door.authenticate("dtu-1", old.password.encode()) is None
    assert house.door.authenticate("dtu-1", new.password.encode()).origin == "live"


def test_rotation_never_turns_a_simulated_sender_into_a_live_one(house):
    """P6 again: a rotated credential keeps its run, even after all were revoked; with several, one must be named."""
    house.registry.register_principal("sim-1", "gateway", origin="simulated", run="megi-1", actor=ENGINEER)
    assert house.registry.rotate_principal("sim-1", actor=ENGINEER).run == "megi-1"
    house.registry.revoke_principal("sim-1", actor=ENGINEER)
    assert house.registry.rotate_principal("sim-1", actor=ENGINEER).origin == "simulated"
    house.registry.issue_credential("sim-1", actor=ENGINEER)
    with pytest.raises(UsageError, match="several origins: live, simulated megi-1"):
        house.registry.rotate_principal("sim-1", actor=ENGINEER)
    assert house.registry.rotate_principal("sim-1", origin="simulated", run="megi-1", actor=ENGINEER).run == "megi-1"


def test_origin_and_run_must_fit_together(house):
    house.registry.register_principal("dtu-1", "gateway", origin="simulated", run="megi-1", actor=ENGINEER)
    for origin, run, message in [
        ("live", "megi-1", "live data have no run"),
        ("simulated", "", "need one"),
        ("real", "", 'origin "real"'),
        ("replayed", "Megi 1", "not an id"),
    ]:
        with pytest.raises(ValidationError, match=message):
            house.registry.issue_credential("dtu-1", origin=origin, run=run, actor=ENGINEER)
    with pytest.raises(ConflictError, match="megi-1 is simulated, not replayed"):
        house.registry.issue_credential("dtu-1", origin="replayed", run="megi-1", actor=ENGINEER)


def test_the_end_of_a_run_ends_its_credentials(house):
    live = house.registry.register_principal("dtu-1", "gateway", actor=ENGINEER)
    house.registry.start_run("megi-1", origin="simulated", name="Megi 2016", actor=ENGINEER)
    played = house.registry.issue_credential("dtu-1", origin="simulated", run="megi-1", actor=ENGINEER)
    assert house.registry.end_run("megi-1", actor=ENGINEER) == 1
    assert house.door.authenticate("dtu-1", played.password.encode()) is None
    assert house.door.authenticate("dtu-1", live.password.encode()) is not None
    run = house.registry.list_runs()[0]
    assert (run.id, run.origin, run.name, run.ended) == ("megi-1", "simulated", "Megi 2016", house.clock.now)
    with pytest.raises(ConflictError):
        house.registry.start_run("megi-1", origin="simulated", actor=ENGINEER)


def test_a_retired_principal_is_kept_out_and_let_in_again_with_its_password(house):
    credential = house.registry.register_principal("dtu-1", "gateway", actor=ENGINEER)
    grant = house.door.authenticate("dtu-1", credential.password.encode())
    house.registry.retire_principal("dtu-1", actor=ENGINEER)
    assert house.door.authenticate("dtu-1", credential.password.encode()) is None
    assert not house.door.still_valid(grant)
    with pytest.raises(ConflictError, match="retired"):
        house.registry.rotate_principal("dtu-1", actor=ENGINEER)
    house.registry.restore_principal("dtu-1", actor=ENGINEER)
    assert house.door.authenticate("dtu-1", credential.password.encode()) == grant
    assert house.door.still_valid(grant)


def test_a_principal_that_carries_devices_does_not_retire(house):
    house.registry.register_principal("dtu-1", "gateway", actor=ENGINEER)
    house.register("gauge-1", principal="dtu-1")
    with pytest.raises(ConflictError, match="still carries gauge-1"):
        house.registry.retire_principal("dtu-1", actor=ENGINEER)


def test_a_principal_is_listed_without_its_secrets(house):
    credential = house.registry.register_principal("dtu-1", "gateway", "桥头", actor=ENGINEER)
    house.register("gauge-1", principal="dtu-1")
    house.registry.internal_credential()
    (listed,) = house.registry.list_principals()
    assert (listed.id, listed.kind, listed.name, listed.devices) == ("dtu-1", "gateway", "桥头", 1)
    assert [entry.id for entry in listed.credentials] == [credential.id]
    assert credential.password not in repr(listed) + repr(credential)
    assert house.registry.show_principal("dtu-1") == listed
    assert house.registry.list_principals(kind="receiver") == []
    assert house.registry.list_principals(after="dtu-1") == []
    with pytest.raises(NotFoundError):
        house.registry.show_principal("dtu-9")


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ({"principal_id": "DTU"}, ValidationError, "not an id"),
        ({"principal_id": "dtu\n"}, ValidationError, "not an id"),
        ({"principal_id": "a" * 65}, ValidationError, "not an id"),
        ({"kind": "internal"}, ValidationError, "write gateway"),
        ({"kind": "boat"}, ValidationError, "write gateway"),
        ({"name": "a\x1b[2J"}, ValidationError, "control characters"),
        ({"principal_id": "dtu-1"}, ConflictError, "exists already, a gateway"),
    ],
)
def test_bad_principals_are_refused_and_leave_nothing(house, fields, error, message):
    house.registry.register_principal("dtu-1", "gateway", actor=ENGINEER)
    before = house.registry.version()
    with pytest.raises(error, match=message):
        house.registry.register_principal(**({"principal_id": "dtu-2", "kind": "gateway", "actor": ENGINEER} | fields))
    assert house.registry.version() == before


def test_the_internal_credential_is_replaced_at_each_boot(house):
    first = house.registry.internal_credential()
    second = house.registry.internal_credential()
    assert (first.username, second.username) == ("web", "web")
    assert house.door.authenticate("web", first.password.encode()) is None
    assert house.door.authenticate("web", second.password.encode()).origin == "live"
    with pytest.raises(ValidationError, match="the service itself"):
        house.register("gauge-1", principal="web")


def test_a_principal_has_a_bounded_number_of_live_credentials(house):
    """Each costs the door a hash at every connect."""
    house.registry.register_principal("dtu-1", "gateway", actor=ENGINEER)
    for _ in range(63):
        house.registry.issue_credential("dtu-1", actor=ENGINEER)
    with pytest.raises(ConflictError, match="64 live credentials"):
        house.registry.issue_credential("dtu-1", actor=ENGINEER)
