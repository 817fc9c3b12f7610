import re

import pytest
from sqlalchemy import create_engine, insert, select

from sensing.access import (
    Identity,
    Role,
    StoredToken,
    authenticate_token,
    covers,
    digest,
    new_token,
    opens,
    permits,
    read_areas,
    seal,
)
from sensing.errors import ValidationError
from sensing.registry.schema import things
from sensing.registry.scope import within


class OneToken:
    """A token book with a single row."""

    def __init__(self, role=Role.OPERATOR):
        self.secret = new_token()
        salt, sealed = seal(self.secret)
        self.row = StoredToken("t-1", "wall", role, salt, sealed)

    def live_token(self, token_id):
        return self.row if token_id == self.row.id else None


def test_tokens_carry_128_bits_in_plain_characters():
    """26 characters of 32 kinds are 130 bits; none of them needs quoting, none can be mistaken for another."""
    tokens = {new_token() for _ in range(200)}
    assert len(tokens) == 200
    assert all(re.fullmatch("[0-9a-hjkmnp-tv-z]{26}", token) for token in tokens)
    assert len(set("".join(tokens))) == 32


def test_seal_keeps_no_secret_and_no_two_alike():
    one, two = seal("same"), seal("same")
    assert one != two
    assert b"same" not in one[0] + one[1]
    assert opens(b"same", *one)
    assert opens(b"same", *two)
    assert not opens(b"same", one[0], two[1])


def test_hash_is_hmac_sha_256():
    """RFC 4231 test case 2."""
    expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert digest(b"Jefe", b"what do ya want for nothing?").hex() == expected


def test_an_endless_password_costs_no_hash():
    salt, sealed = seal("x" * 300)
    assert not opens(b"x" * 300, salt, sealed)


def test_right_token_gives_its_identity():
    book = OneToken()
    assert authenticate_token(book, f"t-1.{book.secret}") == Identity("wall", Role.OPERATOR, key="token t-1")


@pytest.mark.parametrize("wrong", ["", ".", "t-1", "t-1.", "t-2.{}", "{}", "t-1.{}x", "t-1.\udc80", "t-1." + "x" * 999])
def test_anything_else_gives_nothing(wrong):
    book = OneToken()
    assert authenticate_token(book, wrong.format(book.secret)) is None


def test_roles_are_ordered_and_a_route_without_a_rule_is_shut():
    assert Role.VIEWER < Role.OPERATOR < Role.ENGINEER < Role.ADMIN
    admin, viewer = Identity("a", Role.ADMIN), Identity("v", Role.VIEWER)
    assert permits(admin, Role.ENGINEER)
    assert permits(viewer, Role.VIEWER)
    assert not permits(viewer, Role.OPERATOR)
    assert not permits(None, Role.VIEWER)
    assert not permits(admin, None)


def test_role_names():
    assert [Role.read(role.word) for role in Role] == list(Role)
    with pytest.raises(ValidationError, match='role "root" does not exist; write viewer'):
        Role.read("root")


@pytest.mark.parametrize(
    ("areas", "area", "inside"),
    [
        ((), "", True),
        ((), "anywhere", True),
        (("漳州",), "漳州市龙海区", True),
        (("漳州",), "厦门市", False),
        (("north",), "north", True),
        (("north",), "north/quay", True),
        (("north",), "north-2", True),
        (("north",), "northeast", False),
        (("north",), "North", False),
        (("zone1",), "zone12", False),
        (("zone",), "zone1", False),
        (("north", "south"), "south/a", True),
        (("north",), "", False),
        (("a%",), "ab", False),
        (("a_",), "ab", False),
    ],
)
def test_an_area_covers_what_begins_with_it_in_whole_words(areas, area, inside):
    """In Python, and in the database alike."""
    assert covers(areas, area) is inside
    engine = create_engine("sqlite://")
    things.create(engine)
    with engine.begin() as connection:
        row = dict.fromkeys([column.name for column in things.columns], 0) | {"settings": {}, "area": area, "state": "active"}
        row["retired"] = None
        connection.execute(insert(things), row | dict.fromkeys(("id", "type", "adapter", "native", "principal", "name"), "x"))
        found = connection.execute(select(things.c.id).where(within(areas))).all() if areas else [1]
    engine.dispose()
    assert bool(found) is inside


def test_areas_are_read_once_each_and_refused_when_they_are_nothing():
    assert read_areas([" north ", "north", "漳州"]) == ("north", "漳州")
    for wrong in ([""], ["a\tb"], ["x" * 201], [str(number) for number in range(65)]):
        with pytest.raises(ValidationError):
            read_areas(wrong)
