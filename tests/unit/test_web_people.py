"""Who may come in at all: people and tokens, added, changed, rotated, removed and restored."""

import pytest

from sensing.access import Role
from sensing.errors import ConflictError, NotFoundError, ValidationError
from tests.house import TESTER, House

GOOD = "many plain words 42"
pytestmark = pytest.mark.usefixtures("quick_hashes")


@pytest.fixture(scope="module")
def house(tmp_path_factory, quick_hashes):
    found = House(tmp_path_factory.mktemp("data"))
    found.registry.add_user("li", Role.VIEWER, password=GOOD, actor=TESTER)
    yield found
    found.close()


def test_people_are_added_removed_and_restored(house):
    """Ids are ids; one who is there is not added again; a removed one keeps role and password."""
    registry = house.registry
    with pytest.raises(ValidationError):
        registry.add_user("No Id", Role.VIEWER, actor=TESTER)
    with pytest.raises(ConflictError):
        registry.add_user("li", Role.VIEWER, actor=TESTER)
    with pytest.raises(NotFoundError):
        registry.set_role("nobody", Role.VIEWER, actor=TESTER)
    registry.add_user("qian", Role.OPERATOR, areas=["a", "b"], password=GOOD, actor=TESTER)
    registry.remove_user("qian", actor=TESTER)
    assert "qian" not in {each.id for each in registry.list_users()}
    with pytest.raises(ConflictError):
        registry.set_role("qian", Role.ADMIN, actor=TESTER)
    with pytest.raises(ConflictError, match="restore"):
        registry.add_user("qian", Role.ADMIN, actor=TESTER)
    back = registry.restore_user("qian", actor=TESTER)
    assert (back.role, back.areas) == (Role.OPERATOR, ("a", "b"))
    assert registry.right_password("qian", GOOD)


def test_a_token_is_rotated_with_an_overlap(house, monkeypatch):
    """The new one has name, role, areas and end of the old one, which goes on for the overlap, or not at all; never the folder's own."""
    registry = house.registry
    now = registry.database.clock()
    old = registry.create_token("wall", Role.VIEWER, areas=["north"], expires=now + 10**12, actor=TESTER)
    new = registry.rotate_token(old.id, overlap_s=600, actor=TESTER)
    assert (new.name, new.role, new.areas, new.expires) == ("wall", Role.VIEWER, ("north",), now + 10**12)
    assert registry.live_token(old.id)
    monkeypatch.setattr(registry.database, "clock", lambda: now + 601_000_000)
    assert registry.live_token(old.id) is None
    assert registry.live_token(new.id).areas == ("north",)
    third = registry.rotate_token(new.id, actor=TESTER)
    assert registry.live_token(new.id) is None
    assert registry.live_token(third.id)
    for wrong, error in ((new.id, ConflictError), ("admin", ConflictError), ("t-none", NotFoundError)):
        with pytest.raises(error):
            registry.rotate_token(wrong, actor=TESTER)


async def test_people_and_tokens_over_the_api(house):
    """Added, listed without a secret, changed, removed and restored; a token bound to areas and rotated."""
    async with house.client() as client:
        made = (await client.post("/api/users", json={"id": "wu", "role": "viewer"})).json()
        assert (made["must_change"], len(made["password"])) == (True, 26)
        assert (await client.post("/api/users/wu/role", json={"role": "operator", "areas": ["a"]})).json()["areas"] == ["a"]
        assert (await client.post("/api/users/wu/password", json={"password": GOOD})).json()["password"] is None
        assert (await client.post("/api/users/wu/remove")).json()["removed"]
        assert (await client.post("/api/users/wu/restore")).json()["removed"] is None
        listed = (await client.get("/api/users")).text
        assert "wu" in listed
        assert "scrypt" not in listed
        token = (await client.post("/api/tokens", json={"name": "w", "role": "viewer", "areas": ["a"]})).json()
        turned = (await client.post(f"/api/tokens/{token['id']}/rotate", json={"overlap": "10m"})).json()
        assert turned["areas"] == ["a"]
        assert (await client.get("/api/audit/export")).text.count("\n") == len(house.registry.audit_lines(limit=10_000))
