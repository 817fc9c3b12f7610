"""Commands that change the store: handed to web, done by work through the log, their result waited for."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sensing.errors import NotFoundError, TimedOutError

if TYPE_CHECKING:
    from .client import Client

_WAIT_S = 600.0
_POLL_S = 0.5


def obey(client: Client, op: str, args: Mapping[str, Any]) -> None:
    """Give a command, wait for what it did, show it. Raises TimedOutError."""
    show(result(client, client.post("/api/commands", {"op": op, "args": dict(args)})))


def result(client: Client, answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a command did, waited for when the service only gave its id, with a bar that says how far it is."""
    import time

    from .bar import bar
    from .client import segment
    from .output import talk
    from .words import say

    if answer["result"] is None:
        talk(say("working", id=answer["id"]))
        deadline, done = time.monotonic() + _WAIT_S, -1
        with bar(say("working", id=answer["id"]), 1.0) as step:
            while answer["result"] is None:
                if time.monotonic() > deadline:
                    hint = "work may be busy: `sensing status` shows its lag"
                    raise TimedOutError(f"command {answer.get('id')} is not done yet", hint)
                time.sleep(_POLL_S)
                with contextlib.suppress(NotFoundError):  # work has not come to it yet
                    answer = client.get(f"/api/commands/{segment(str(answer['id']))}")
                if answer.get("total"):
                    step(answer["done"] / answer["total"])
                if answer.get("done", -1) != done:  # it goes on: wait on
                    done, deadline = answer.get("done", -1), time.monotonic() + _WAIT_S
    found: Mapping[str, Any] = answer["result"]
    return found


def show(done: Mapping[str, Any]) -> None:
    """A result: counts by outcome in words for people."""
    from .output import layout, printable, show_one, write

    if layout() != "table":
        show_one(done)
        return
    for name, value in done.items():
        counts = ", ".join(f"{key} {number}" for key, number in value.items()) if isinstance(value, Mapping) else value
        write(f"{name}: {printable(str(counts)) or '0'}\n")
