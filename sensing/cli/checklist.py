"""The proof that a device works: connected, arrived, decoded, plausible, stored. Each line says why not, and what to do."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sensing.errors import TimedOutError

from .client import Client, segment
from .words import both, phrase, say

_POLL_S = 0.5


def passed(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether every step is true."""
    return all(row["ok"] is True for row in rows)


def line(row: Mapping[str, Any]) -> str:
    """A step as people read it."""
    from .output import check, printable

    parts = (row.get("reason"), row.get("detail"), both(row.get("remedy")))
    told = "; ".join(printable(str(part)) for part in parts if part)
    said = f"{check(row['ok'])}  {phrase('step', row['step'])}" + (f": {told}" if told and row["ok"] is not True else "")
    beside = [
        f"{'✖' if each.get('fails') else '▲'} {printable(each['reason'])}: {both(each['remedy'])}"
        for each in row.get("warnings", ())
    ]
    return "\n   ".join([said, *beside])


def ask(client: Client, device: str, since: str = "", dip: float | None = None) -> list[dict[str, Any]]:
    """The checklist as the service sees it now: rows {step, ok, reason, remedy, warnings, ...}, in order."""
    rows: list[dict[str, Any]] = client.get(f"/api/devices/{segment(device)}/test", since=since, dip=dip)["steps"]
    return rows


def wait(
    client: Client, device: str, since: str, timeout_s: float, tell: Callable[[str], None], dip: float | None = None
) -> list[dict[str, Any]]:
    """Ask until every step is true, telling each change. Raises TimedOutError naming the first step that is not."""
    deadline, told = time.monotonic() + timeout_s, dict[str, str]()
    while True:
        rows = ask(client, device, since, dip)
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
                f"{device}: not {missing['step']} within {timeout_s:g} s",
                str(both(missing.get("remedy")) or say("see_test", id=device)),
            )
        time.sleep(_POLL_S)
