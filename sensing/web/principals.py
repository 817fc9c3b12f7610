"""Who connects: principals and their credentials; and who may use this API: tokens; and who did what: the audit log."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from sensing import times
from sensing.access import Role
from sensing.errors import UsageError
from sensing.model import Origin
from sensing.registry import Credential, Principal

from .answers import Answer, page
from .ask import Ask
from .desk import Desk

_MOST = 10_000


class _Fields(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewPrincipal(_Fields):
    """Who will connect, and what all it sends is marked with."""

    id: str
    kind: Literal["gateway", "receiver", "server", "sensor", "join"] = "gateway"
    name: str = ""
    origin: Origin = Origin.LIVE
    run: str = ""


class NewCredential(_Fields):
    """expires: a duration from now, or an instant."""

    origin: Origin = Origin.LIVE
    run: str = ""
    expires: str | None = None


class Rotation(_Fields):
    """overlap: how long the old password still opens (`10m`); "" ends it at once."""

    overlap: str = ""
    origin: Origin | None = None
    run: str = ""


class Revocation(_Fields):
    """credential: one of them; absent is all."""

    credential: str | None = None


class NewToken(_Fields):
    """expires: a duration from now, or an instant."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    role: Literal["viewer", "operator", "engineer", "admin"]
    expires: str | None = None


def principals(desk: Desk, ask: Ask) -> dict[str, Any]:
    """A page of principals by id, without secrets."""
    limit = ask.number("limit", 1_000, 1, _MOST)
    kind, retired = ask.text("kind") or None, ask.flag("retired")
    found = desk.registry.list_principals(kind=kind, retired=retired, after=ask.text("cursor"), limit=limit + 1)
    return page([told_principal(each) for each in found[:limit]], found[limit - 1].id if len(found) > limit else None)


def told_principal(found: Principal) -> dict[str, Any]:
    return {
        "id": found.id, "kind": found.kind, "name": found.name, "created": times.rfc3339(found.created),
        "retired": _text(found.retired), "devices": found.devices,
        "credentials": [
            {"id": each.id, "origin": each.origin, "run": each.run, "created": times.rfc3339(each.created),
             "expires": _text(each.expires), "revoked": _text(each.revoked)}
            for each in found.credentials
        ],
    }  # fmt: skip


def credential(fresh: Credential) -> dict[str, Any]:
    """A credential on the one occasion that its password is known."""
    return {
        "credential": fresh.id, "username": fresh.username, "password": fresh.password, "origin": fresh.origin, "run": fresh.run,
        "expires": _text(fresh.expires),
    }  # fmt: skip


def register_principal(desk: Desk, ask: Ask) -> Answer:
    """Make a principal and its first credential."""
    form = ask.form(NewPrincipal)
    fresh = desk.registry.register_principal(form.id, form.kind, form.name, origin=form.origin, run=form.run, actor=ask.actor)
    return Answer({"id": form.id, "kind": form.kind, **credential(fresh)}, 201)


def issue(desk: Desk, ask: Ask) -> Answer:
    """One more credential, for another origin or run."""
    form = ask.form(NewCredential)
    fresh = desk.registry.issue_credential(
        ask.path["id"], origin=form.origin, run=form.run, expires=_later(form.expires), actor=ask.actor
    )
    return Answer({"id": ask.path["id"], **credential(fresh)}, 201)


def rotate_principal(desk: Desk, ask: Ask) -> dict[str, Any]:
    return {"id": ask.path["id"], **credential(turn_over(desk, ask, ask.path["id"]))}


def turn_over(desk: Desk, ask: Ask, principal: str) -> Credential:
    """A new credential in the place of the old, as the body of the request says."""
    form = ask.form(Rotation)
    overlap_s = times.parse_duration(form.overlap) / times.SECOND if form.overlap else 0.0
    return desk.registry.rotate_principal(principal, overlap_s=overlap_s, origin=form.origin, run=form.run, actor=ask.actor)


def revoke(desk: Desk, ask: Ask) -> dict[str, Any]:
    """End one credential, or all; the door closes what they opened within five seconds."""
    form = ask.form(Revocation)
    return {"id": ask.path["id"], "revoked": desk.registry.revoke_principal(ask.path["id"], form.credential, actor=ask.actor)}


def retire_principal(desk: Desk, ask: Ask) -> dict[str, Any]:
    desk.registry.retire_principal(ask.path["id"], actor=ask.actor)
    return told_principal(desk.registry.show_principal(ask.path["id"]))


def restore_principal(desk: Desk, ask: Ask) -> dict[str, Any]:
    desk.registry.restore_principal(ask.path["id"], actor=ask.actor)
    return told_principal(desk.registry.show_principal(ask.path["id"]))


def tokens(desk: Desk, ask: Ask) -> dict[str, Any]:
    """Tokens without their secrets."""
    return page([
        {"id": each.id, "name": each.name, "role": each.role.word, "created": times.rfc3339(each.created),
         "expires": _text(each.expires), "revoked": _text(each.revoked)}
        for each in desk.registry.list_tokens(revoked=ask.flag("revoked"))
    ])  # fmt: skip


def create_token(desk: Desk, ask: Ask) -> Answer:
    """A new token; its text is in this answer and never again."""
    form = ask.form(NewToken)
    made = desk.registry.create_token(form.name, Role.read(form.role), expires=_later(form.expires), actor=ask.actor)
    told = {"id": made.id, "name": made.name, "role": made.role.word, "token": made.text, "expires": _text(made.expires)}
    return Answer(told, 201)


def revoke_token(desk: Desk, ask: Ask) -> dict[str, Any]:
    desk.registry.revoke_token(ask.path["id"], actor=ask.actor)
    return {"id": ask.path["id"], "revoked": True}


def audit_log(desk: Desk, ask: Ask) -> dict[str, Any]:
    """The newest lines, newest first."""
    found = desk.registry.audit_lines(limit=ask.number("limit", 100, 1, _MOST), subject=ask.text("subject") or None)
    return page([msgspec.structs.asdict(line) | {"at": times.rfc3339(line.at)} for line in found])


def audit_verify(desk: Desk, _ask: Ask) -> dict[str, Any]:
    """Whether the chain of hashes is whole; `first_bad` is the first line that is not as it was written."""
    bad = desk.registry.first_bad_audit_line()
    return {"whole": bad is None, "first_bad": bad}


def _later(text: str | None) -> int | None:
    """An instant, or a duration from now, in microseconds."""
    if not text:
        return None
    try:
        return times.now() + times.parse_duration(text)
    except UsageError:
        return times.parse_instant(text)


def _text(at: int | None) -> str | None:
    return None if at is None else times.rfc3339(at)
