"""Area scope where it is written: an actor that is bound to areas changes only what stands in them (access.covers).

A device stands in its own area. A principal stands where the devices do that it carries: one that carries none, or one elsewhere, is
nobody's but the house's, for what it sends is about all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from sensing.access import ForbiddenError, check_area, covers
from sensing.audit import Actor

from .schema import ACTIVE, UNDONE, things

_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CHUNK = 500


def within(areas: Sequence[str]) -> ColumnElement[bool]:
    """The condition under which a row of `things` stands in one of these areas: `access.covers` in SQL."""
    found = []
    for area in areas:
        begins = func.substr(things.c.area, 1, len(area)) == area
        if area[-1] in _LETTERS:
            begins = and_(begins, func.substr(things.c.area, len(area) + 1, 1).not_in(list(_LETTERS)))
        found.append(begins)
    return or_(*found)


def called(area: str) -> ColumnElement[bool]:
    """The condition under which people mean a row of `things` by the area they name: `access.called` in SQL."""
    if not area:
        return things.c.area == area
    spaced = func.replace(func.replace(things.c.area, "/", " "), "·", " ")
    return or_(things.c.area == area, within((area,)), (" " + spaced + " ").contains(f" {area} ", autoescape=True))


def check_device(actor: Actor, device: Any) -> None:
    """Raise ForbiddenError unless the actor may act where this device, or row of `things`, stands."""
    check_area(actor.areas, device.area, f"device {device.id}")


def check_devices(connection: Connection, actor: Actor, device_ids: Iterable[str]) -> None:
    """`check_device` of many."""
    ids = list(device_ids) if actor.areas else []
    for start in range(0, len(ids), _CHUNK):
        query = select(things.c.id, things.c.area).where(things.c.id.in_(ids[start : start + _CHUNK]), things.c.state != UNDONE)
        for row in connection.execute(query):
            check_device(actor, row)


def check_principal(connection: Connection, actor: Actor, principal_id: str) -> None:
    """Raise ForbiddenError unless everything that this principal carries stands where the actor may act."""
    if actor.areas and principal_id not in principals_within(connection, actor.areas, [principal_id]):
        raise ForbiddenError(
            f"principal {principal_id} carries devices outside {', '.join(actor.areas)}, or none",
            "ask somebody who is not bound to areas",
        )


def principals_within(connection: Connection, areas: Sequence[str], principal_ids: Iterable[str]) -> set[str]:
    """Those of the principals that carry devices, and only such as stand in the areas; all of them when there are no areas."""
    ids = list(dict.fromkeys(principal_ids))
    if not areas:
        return set(ids)
    found: dict[str, bool] = {}
    for start in range(0, len(ids), _CHUNK):
        mine = (things.c.principal.in_(ids[start : start + _CHUNK]), things.c.state == ACTIVE)
        for principal, area in connection.execute(select(things.c.principal, things.c.area).where(*mine).distinct()):
            found[principal] = found.get(principal, True) and covers(areas, area)
    return {principal for principal, inside in found.items() if inside}
