"""Who connects: principals and their credentials; and who did what: the audit log."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from pydantic import BaseModel, ConfigDict
from starlette.responses import StreamingResponse

from sensing import times
from sensing.errors import UsageError
from sensing.model import Origin
from sensing.registry import Credential, Principal
from sensing.registry.authority import Authority, existing

from .answers import NDJSON, Answer, encode, page
from .ask import Ask
from .desk import Desk

_MOST = 10_000
_DAYS = 365
"""How long a certificate lasts when nobody says."""


class _Fields(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewPrincipal(_Fields):
    """Who will connect, and what all it sends is marked with."""

    id: str
    kind: Literal["gateway", "receiver", "server", "sensor", "join", "reader"] = "gateway"
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


class NewCertificate(_Fields):
    """csr: a request to sign; certificate: one that exists; neither makes a key too. days: how long ours lasts."""

    csr: str | None = None
    certificate: str | None = None
    days: int | None = None
    origin: Origin = Origin.LIVE
    run: str = ""


def principals(desk: Desk, ask: Ask) -> dict[str, Any]:
    """A page of principals by id, without secrets."""
    limit = ask.number("limit", 1_000, 1, _MOST)
    kind, retired = ask.text("kind") or None, ask.flag("retired")
    found = desk.registry.list_principals(kind=kind, retired=retired, after=ask.text("cursor"), limit=limit + 1)
    return page([told_principal(each) for each in found[:limit]], found[limit - 1].id if len(found) > limit else None)


def told_principal(found: Principal) -> dict[str, Any]:
    return {
        "id": found.id, "kind": found.kind, "name": found.name, "created": times.rfc3339(found.created),
        "retired": text_of(found.retired), "devices": found.devices,
        "credentials": [
            {"id": each.id, "origin": each.origin, "run": each.run, "created": times.rfc3339(each.created),
             "expires": text_of(each.expires), "revoked": text_of(each.revoked), "certificate": each.certificate}
            for each in found.credentials
        ],
    }  # fmt: skip


def credential(fresh: Credential) -> dict[str, Any]:
    """A credential on the one occasion that its password is known."""
    return {
        "credential": fresh.id, "username": fresh.username, "password": fresh.password, "origin": fresh.origin, "run": fresh.run,
        "expires": text_of(fresh.expires),
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
        ask.path["id"], origin=form.origin, run=form.run, expires=later(form.expires), actor=ask.actor
    )
    return Answer({"id": ask.path["id"], **credential(fresh)}, 201)


def certificate(desk: Desk, ask: Ask) -> Answer:
    """A client certificate that opens without a password: ours, for a key of ours or of a request, or one that exists."""
    form, principal = ask.form(NewCertificate), ask.path["id"]
    if form.csr and form.certificate:
        raise UsageError("csr and certificate are both given", "give one, or neither for a new key")
    desk.registry.show_principal(principal)
    authority, days = Authority(desk.data), form.days or _DAYS
    if form.certificate:
        made = existing(form.certificate)
    elif form.csr:
        made = authority.sign(principal, form.csr, days)
    else:
        made = authority.issue(principal, days)
    fresh = desk.registry.add_certificate(
        principal, made.fingerprint, subject=made.subject, expires=made.expires, origin=form.origin, run=form.run, actor=ask.actor
    )
    return Answer(
        {
            "id": principal, "credential": fresh.id, "username": principal, "fingerprint": made.fingerprint, "subject": made.subject,
            "origin": form.origin, "run": form.run, "expires": text_of(made.expires), "certificate": made.pem, "key": made.key or None,
            "ca": None if form.certificate else authority.certificate(),
        },
        201,
    )  # fmt: skip


def rotate_principal(desk: Desk, ask: Ask) -> dict[str, Any]:
    """A new password; the old one ends, after `overlap` when given."""
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
    """Refuse it from now on, restorably."""
    desk.registry.retire_principal(ask.path["id"], actor=ask.actor)
    return told_principal(desk.registry.show_principal(ask.path["id"]))


def restore_principal(desk: Desk, ask: Ask) -> dict[str, Any]:
    """Take a retired one back, with the passwords it had."""
    desk.registry.restore_principal(ask.path["id"], actor=ask.actor)
    return told_principal(desk.registry.show_principal(ask.path["id"]))


def audit_log(desk: Desk, ask: Ask) -> dict[str, Any]:
    """The newest lines, newest first."""
    found = desk.registry.audit_lines(limit=ask.number("limit", 100, 1, _MOST), subject=ask.text("subject") or None)
    return page([msgspec.structs.asdict(line) | {"at": times.rfc3339(line.at)} for line in found])


def audit_export(desk: Desk, ask: Ask) -> StreamingResponse:
    """Every line with its hashes, oldest first, as NDJSON: to be kept elsewhere."""
    desk.registry.record("audit_exported", "audit", actor=ask.actor)
    lines = (
        encode(msgspec.structs.asdict(line) | {"at": times.rfc3339(line.at)}) + b"\n" for line in desk.registry.each_audit_line()
    )
    return StreamingResponse(lines, media_type=NDJSON)


def audit_verify(desk: Desk, _ask: Ask) -> dict[str, Any]:
    """Whether the chain of hashes is whole; `first_bad` is the first line that is not as it was written."""
    bad = desk.registry.first_bad_audit_line()
    return {"whole": bad is None, "first_bad": bad}


def later(text: str | None) -> int | None:
    """An instant, or a duration from now, in microseconds."""
    if not text:
        return None
    try:
        return times.now() + times.parse_duration(text)
    except UsageError:
        return times.parse_instant(text)


def text_of(at: int | None) -> str | None:
    """An instant as RFC 3339; None stays None."""
    return None if at is None else times.rfc3339(at)
