"""A person at a browser: signing in and out, who I am, another password. The cookie is out of scripts' reach; pages get the CSRF token.

What went wrong is not told apart: an unknown name, a wrong password and a removed person answer alike, and as late.
"""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from sensing import times
from sensing.audit import Actor
from sensing.errors import Exit, NotFoundError, UsageError
from sensing.registry.sessions import OpenSession, csrf

from .answers import error_response, json_response, page
from .ask import Ask
from .auth import COOKIE, SECURE_COOKIE, TooManyError
from .desk import Desk

_Secret = Annotated[str, Field(max_length=256)]


class SignIn(BaseModel):
    """Who, and the proof."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    user: Annotated[str, Field(max_length=64)]
    password: _Secret


class ByLink(BaseModel):
    """key: what stands behind `#k=` in the link."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    key: _Secret


class NewPassword(BaseModel):
    """The password that opened, and the one that will."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    old: _Secret
    new: _Secret


def cookie_name(desk: Desk) -> str:
    """What our cookie is called."""
    return SECURE_COOKIE if desk.settings.http.tls_cert else COOKIE


def sign_in(desk: Desk, ask: Ask) -> Response:
    """A session for a right password: the cookie, and who it is for."""
    form = ask.form(SignIn)
    user, actor = form.user.strip().lower(), Actor("nobody", ask.address)
    try:
        right = desk.patience.attempt(user, ask.address)
    except TooManyError as error:
        return _impatient(desk, error)
    if not desk.registry.right_password(user, form.password):
        desk.metrics.count("sensing_logins_failed_total")
        known = desk.registry.knows_user(user)  # what is typed for a name may be a password: unknown ones are not written down
        desk.registry.record("sign_in_failed", user if known else "unknown", actor=actor)
        return error_response("the name or the password is not right", "ask an administrator when it is lost", Exit.USAGE, 401)
    right()
    opened = desk.registry.open_session(user, actor=Actor(user, ask.address))
    return _opened(desk, opened, 201)


def sign_in_by_link(desk: Desk, ask: Ask) -> Response:
    """A session for a one-time link. Refused where the secret of a session would travel in clear."""
    form = ask.form(ByLink)
    if not _secure(desk) and not _near(ask.address):
        raise UsageError(
            "a link opens over TLS, or on this machine", "set http.tls_cert and http.tls_key, or sign in with a password"
        )
    try:
        right = desk.patience.attempt(f"link {form.key.partition('.')[0][:64]}", ask.address)
    except TooManyError as error:
        return _impatient(desk, error)
    opened = desk.registry.open_link(form.key, address=ask.address)
    if opened is None:
        desk.metrics.count("sensing_logins_failed_total")
        desk.registry.record("link_failed", "unknown", actor=Actor("nobody", ask.address))
        return error_response("the link was used, or is over", "`sensing user link NAME` makes another", Exit.USAGE, 401)
    right()
    return _opened(desk, opened, 201)


def who(desk: Desk, ask: Ask) -> dict[str, Any]:
    """Who asks, and until when they may."""
    identity = ask.identity
    assert identity is not None
    told: dict[str, Any] = {
        "name": identity.name, "role": identity.role.word, "areas": list(identity.areas), "kind": "session" if identity.session else "token",
        "must_change": identity.must_change, "timezone": desk.settings.timezone,
    }  # fmt: skip
    if identity.session and ask.cookie:
        ends = desk.registry.session_ends(identity.session)
        told |= {"ends": times.rfc3339(ends) if ends else None, "csrf": csrf(ask.cookie)}
    return told


def renew(desk: Desk, ask: Ask) -> Response:
    """Another secret for the same session; the old cookie opens for a minute more, for what is under way."""
    return _opened(desk, desk.registry.renew_session(_session(ask), actor=ask.actor), 200)


def sign_out(desk: Desk, ask: Ask) -> Response:
    """End the session."""
    desk.registry.close_session(_session(ask), actor=ask.actor)
    desk.guard.forget(ask.cookie or "")
    answer = json_response({"signed_out": True})
    answer.delete_cookie(cookie_name(desk), path="/", secure=_secure(desk), httponly=True, samesite="strict")
    return answer


def change_password(desk: Desk, ask: Ask) -> Response:
    """Another password of one's own. Every session ends but the one that this answer opens."""
    _session(ask)
    form, user = ask.form(NewPassword), ask.actor.name
    try:
        right = desk.patience.attempt(user, ask.address)
    except TooManyError as error:
        return _impatient(desk, error)
    desk.registry.change_password(user, form.old, form.new, actor=ask.actor)
    right()
    desk.guard.forget(ask.cookie or "")
    return _opened(desk, desk.registry.open_session(user, actor=ask.actor), 200)


def own(desk: Desk, ask: Ask) -> dict[str, Any]:
    """Where the one who asks is signed in."""
    current = _session(ask)
    found = desk.registry.list_sessions(ask.actor.name)
    return page([
        {"id": each.id, "began": times.rfc3339(each.began), "seen": times.rfc3339(each.seen), "address": each.address, "current": each.id == current}
        for each in found
    ])  # fmt: skip


def end(desk: Desk, ask: Ask) -> dict[str, Any]:
    """Sign out elsewhere. Raises NotFoundError for what is no live session of one's own."""
    _session(ask)
    wanted = ask.path["id"]
    if wanted not in {each.id for each in desk.registry.list_sessions(ask.actor.name)}:
        raise NotFoundError(f'you have no session "{wanted[:64]}"', "GET /api/sessions lists them")
    desk.registry.close_session(wanted, actor=ask.actor)
    return {"id": wanted, "ended": True}


def _impatient(desk: Desk, error: TooManyError) -> Response:
    desk.metrics.count("sensing_logins_limited_total")
    wait = {"retry-after": str(math.ceil(error.wait_s))}
    return error_response("too many attempts", "wait, then show the right password", Exit.UNREACHABLE, 429, wait)


def _near(address: str) -> bool:
    """Whether a client is on this machine."""
    return address in ("127.0.0.1", "::1", "local", "localhost")


def _session(ask: Ask) -> str:
    if ask.identity is None or not ask.identity.session:
        raise UsageError(
            "a token has no session", "this is for people who signed in; tokens are rotated by `sensing token rotate`"
        )
    return ask.identity.session


def _opened(desk: Desk, opened: OpenSession, status: int) -> Response:
    """Who has signed in, with the cookie."""
    identity = desk.registry.live_session(opened.text)
    assert identity is not None
    answer = json_response(
        {
            "name": identity.name, "role": identity.role.word, "areas": list(identity.areas), "kind": "session",
            "must_change": identity.must_change, "timezone": desk.settings.timezone, "ends": times.rfc3339(opened.ends), "csrf": csrf(opened.text),
        },
        status,
    )  # fmt: skip
    answer.set_cookie(
        cookie_name(desk), opened.text, max_age=7 * 24 * 3600, path="/", secure=_secure(desk), httponly=True, samesite="strict"
    )
    return answer


def _secure(desk: Desk) -> bool:
    return desk.settings.http.tls_cert is not None
