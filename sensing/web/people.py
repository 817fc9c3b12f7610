"""People, as administrators look after them; and tokens, what programs sign in with."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from sensing import times
from sensing.access import Role
from sensing.registry import ApiToken
from sensing.registry.links import LASTS
from sensing.registry.people import Setup, User

from .answers import Answer, page
from .ask import Ask
from .desk import Desk
from .principals import later, text_of

RoleWord = Literal["viewer", "operator", "engineer", "admin"]
Areas = Annotated[list[str], Field(max_length=64)]


class _Fields(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class NewUser(_Fields):
    """areas: where they may act; none is everywhere. password: absent makes a one-time one."""

    id: str
    role: RoleWord
    areas: Areas = []
    name: str = ""
    password: str | None = None


class NewRole(_Fields):
    """What a person may do from now on, and where."""

    role: RoleWord
    areas: Areas = []


class Password(_Fields):
    """password: absent makes a one-time one."""

    password: str | None = None


class NewLink(_Fields):
    """lasts: for how long it opens, a duration (`15m`); at most a day."""

    lasts: str = ""


class NewToken(_Fields):
    """expires: a duration from now, or an instant. areas: where it may act; none is everywhere."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    role: RoleWord
    areas: Areas = []
    expires: str | None = None


class Turn(_Fields):
    """overlap: how long the old token still opens (`10m`); "" ends it at once."""

    overlap: str = ""


def users(desk: Desk, ask: Ask) -> dict[str, Any]:
    """Everybody, without their passwords."""
    return page([_told(each) for each in desk.registry.list_users(removed=ask.flag("removed"))])


def add_user(desk: Desk, ask: Ask) -> Answer:
    """A new person; a one-time password is in this answer and never again."""
    form = ask.form(NewUser)
    role = Role.read(form.role)
    done = desk.registry.add_user(form.id, role, areas=form.areas, name=form.name, password=form.password, actor=ask.actor)
    return Answer(_told_setup(done), 201)


def set_role(desk: Desk, ask: Ask) -> dict[str, Any]:
    """Another role, and areas; what they have open ends."""
    form = ask.form(NewRole)
    return _told(desk.registry.set_role(ask.path["id"], Role.read(form.role), areas=form.areas, actor=ask.actor))


def set_password(desk: Desk, ask: Ask) -> dict[str, Any]:
    """Another password for somebody; what they have open ends."""
    return _told_setup(desk.registry.set_password(ask.path["id"], ask.form(Password).password, actor=ask.actor))


def make_link(desk: Desk, ask: Ask) -> Answer:
    """A link that signs somebody in, once; its text is in this answer and never again."""
    form, user = ask.form(NewLink), ask.path["id"]
    lasts = times.parse_duration(form.lasts) if form.lasts else LASTS
    made = desk.registry.make_link(user, lasts=lasts, actor=ask.actor)
    return Answer({"user": made.user, "key": made.text, "path": f"/signin#k={made.text}", "ends": times.rfc3339(made.ends)}, 201)


def remove_user(desk: Desk, ask: Ask) -> dict[str, Any]:
    """Let a person in no more, restorably."""
    return _told(desk.registry.remove_user(ask.path["id"], actor=ask.actor))


def restore_user(desk: Desk, ask: Ask) -> dict[str, Any]:
    """Take a person back, with the role and password they had."""
    return _told(desk.registry.restore_user(ask.path["id"], actor=ask.actor))


def tokens(desk: Desk, ask: Ask) -> dict[str, Any]:
    """Tokens without their secrets."""
    return page([
        {"id": each.id, "name": each.name, "role": each.role.word, "areas": list(each.areas), "created": times.rfc3339(each.created),
         "expires": text_of(each.expires), "revoked": text_of(each.revoked)}
        for each in desk.registry.list_tokens(revoked=ask.flag("revoked"))
    ])  # fmt: skip


def create_token(desk: Desk, ask: Ask) -> Answer:
    """A new token; its text is in this answer and never again."""
    form = ask.form(NewToken)
    made = desk.registry.create_token(
        form.name, Role.read(form.role), areas=form.areas, expires=later(form.expires), actor=ask.actor
    )
    return Answer(_told_token(made), 201)


def rotate_token(desk: Desk, ask: Ask) -> dict[str, Any]:
    """A new token in the place of the old, which ends, after `overlap` when given."""
    overlap = ask.form(Turn).overlap
    overlap_s = times.parse_duration(overlap) / times.SECOND if overlap else 0.0
    return _told_token(desk.registry.rotate_token(ask.path["id"], overlap_s=overlap_s, actor=ask.actor))


def revoke_token(desk: Desk, ask: Ask) -> dict[str, Any]:
    """End a token; it opens nothing after two seconds."""
    desk.registry.revoke_token(ask.path["id"], actor=ask.actor)
    return {"id": ask.path["id"], "revoked": True}


def _told(found: User) -> dict[str, Any]:
    return {
        "id": found.id, "name": found.name, "role": found.role.word, "areas": list(found.areas), "must_change": found.must_change,
        "created": times.rfc3339(found.created), "removed": text_of(found.removed),
    }  # fmt: skip


def _told_setup(done: Setup) -> dict[str, Any]:
    """password: the one-time one; null when the person's own was given."""
    return _told(done.user) | {"password": done.password or None, "password_ends": text_of(done.ends)}


def _told_token(made: ApiToken) -> dict[str, Any]:
    return {
        "id": made.id, "name": made.name, "role": made.role.word, "areas": list(made.areas), "token": made.text,
        "expires": text_of(made.expires),
    }  # fmt: skip
