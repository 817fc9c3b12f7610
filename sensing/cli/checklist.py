"""The proof that a device works: connected, arrived, decoded, plausible, stored. Each line says why not, and what to do."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sensing.errors import TimedOutError

from .client import Client, segment

STEPS = ("connected", "arrived", "decoded", "plausible", "stored")
_POLL_S = 0.5


def steps(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The checklist as rows {step, ok, reason, remedy}, in order."""
    listed = answer.get("checks", answer)
    found = {str(row.get("step") or row.get("check") or row.get("name")): row for row in listed} if isinstance(listed, Sequence) else listed
    return [{"step": name, "ok": None, "reason": "", "remedy": ""} | _row(found.get(name)) for name in STEPS]


def _row(entry: Any) -> dict[str, Any]:
    if not isinstance(entry, Mapping):
        return {"ok": entry}
    return {name: entry.get(name) for name in ("ok", "reason", "remedy") if name in entry}


def passed(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether every step is true."""
    return all(row["ok"] is True for row in rows)


def line(row: Mapping[str, Any]) -> str:
    """A step as people read it."""
    from .output import check, printable
    from .words import phrase

    told = "; ".join(printable(str(row[name])) for name in ("reason", "remedy") if row.get(name))
    return f"{check(row['ok'])}  {phrase('step', row['step'])}" + (f": {told}" if told and row["ok"] is not True else "")


def ask(client: Client, device: str, since: str = "") -> list[dict[str, Any]]:
    """The checklist as the service sees it now."""
    return steps(client.get(f"/api/devices/{segment(device)}/test", since=since))


def wait(client: Client, device: str, since: str, timeout_s: float, tell: Callable[[str], None]) -> list[dict[str, Any]]:
    """Ask until every step is true, telling each change. Raises TimedOutError naming the first step that is not."""
    deadline, told = time.monotonic() + timeout_s, dict[str, str]()
    while True:
        rows = ask(client, device, since)
        for row in rows:
            text = line(row)
            if told.get(row["step"]) != text and (row["ok"] is not None or row["step"] in told):
                tell(text)
            told[row["step"]] = text
        if passed(rows):
            return rows
        if time.monotonic() >= deadline:
            missing = next(row for row in rows if row["ok"] is not True)
            raise TimedOutError(
                f"{device}: not {missing['step']} within {timeout_s:g} s", str(missing.get("remedy") or "see `sensing device test` again")
            )
        time.sleep(_POLL_S)
