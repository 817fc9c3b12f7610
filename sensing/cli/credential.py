"""A credential on the one occasion that its password is known: printed once, never an argument, never logged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

KEYS = ("id", "adapter", "native", "principal", "username", "password", "topic", "broker")
_PRINCIPAL_KEYS = ("id", "kind", "credential", "username", "password", "origin", "run", "expires")


def show_device(answer: Mapping[str, Any], said: str = "registered") -> None:
    """What `device register` and `device rotate` answer (CONTRACT "Lines that programs read")."""
    _show(answer, {name: answer.get(name) for name in KEYS}, said)
    _knocked(answer.get("quarantine") or {})


def _knocked(told: Mapping[str, Any]) -> None:
    """What had knocked before it was registered."""
    from .output import talk
    from .words import say

    if told.get("frames"):
        talk(say("claimed", frames=told["frames"]))
    if others := told.get("others"):
        talk(say("claimed_not", frames=others["frames"], principals=", ".join(others["principals"])))


def show_principal(answer: Mapping[str, Any], said: str) -> None:
    """A principal's new credential."""
    _show(answer, {name: answer[name] for name in _PRINCIPAL_KEYS if name in answer}, said)


def _show(answer: Mapping[str, Any], shown: Mapping[str, Any], said: str) -> None:
    from .output import layout, show_one, talk
    from .words import say

    if layout() == "table":
        talk(say(said, id=answer.get("id") or answer.get("username")))
    show_one(shown, list(shown))
    if shown.get("password"):
        talk(say("password_once"))
    elif "password" in shown:
        talk(say("carried_by", principal=shown.get("principal")))
