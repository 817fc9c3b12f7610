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
from sensing.errors import Exit, UsageError
from sensing.registry.sessions import OpenSession, csrf

from .answers import error_response, json_response
from .ask import Ask
from .auth import COOKIE, SECURE_COOKIE, TooManyError
from .desk import Desk

_Secret = Annotated[str, Field(max_length=256)]


class SignIn(BaseModel):
    """Who, and the proof."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    user: Annotated[str, Field(max_length=64)]
    password: _Secret


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
        desk.metrics.count("sensing_logins_limited_total")
        wait = {"retry-after": str(math.ceil(error.wait_s))}
        return error_response("too many attempts", "wait, then show the right password", Exit.UNREACHABLE, 429, wait)
    if not desk.registry.right_password(user, form.password):
        desk.metrics.count("sensing_logins_failed_total")
        known = desk.registry.knows_user(user)  # what is typed for a name may be a password: unknown ones are not written down
        desk.registry.record("sign_in_failed", user if known else "unknown", actor=actor)
        return error_response("the name or the password is not right", "ask an administrator when it is lost", Exit.USAGE, 401)
    right()
    opened = desk.registry.open_session(user, actor=Actor(user, ask.address))
    return _opened(desk, opened, 201)


def who(desk: Desk, ask: Ask) -> dict[str, Any]:
    """Who asks, and until when they may."""
    identity = ask.identity
    assert identity is not None
    told: dict[str, Any] = {
        "name": identity.name, "role": identity.role.word, "areas": list(identity.areas), "kind": "session" if identity.session else "token",
        "must_change": identity.must_change,
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
        wait = {"retry-after": str(math.ceil(error.wait_s))}
        return error_response("too many attempts", "wait, then show the right password", Exit.UNREACHABLE, 429, wait)
    desk.registry.change_password(user, form.old, form.new, actor=ask.actor)
    right()
    desk.guard.forget(ask.cookie or "")
    return _opened(desk, desk.registry.open_session(user, actor=ask.actor), 200)


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
            "must_change": identity.must_change, "ends": times.rfc3339(opened.ends), "csrf": csrf(opened.text),
        },
        status,
    )  # fmt: skip
    answer.set_cookie(
        cookie_name(desk), opened.text, max_age=7 * 24 * 3600, path="/", secure=_secure(desk), httponly=True, samesite="strict"
    )
    return answer


def _secure(desk: Desk) -> bool:
    return desk.settings.http.tls_cert is not None
