"""Area scope where it is read: an identity that is bound to areas is shown only what stands in them.

Rows, events and devices stand where their device does; frames, dead letters and quarantine where all that their principal carries does
(registry/scope.py, which also guards what is changed). Vessels, and whatever enrolled itself, stand in no area: only the whole house sees them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sensing.access import ForbiddenError, check_area, covers
from sensing.inbox import Chosen
from sensing.registry.scope import principals_within

from .ask import Ask
from .catalogue import Known
from .desk import Desk

AREA, HOUSE, ANY = "area", "house", "any"
"""What a route is open to: identities bound to areas, limited to those; only such as are not bound; everybody, for it tells of no device."""
SCOPES = (AREA, HOUSE, ANY)
_MOST_PLACES = 1_000


def areas_of(ask: Ask) -> tuple[str, ...]:
    """Where the one who asks may look and act; () is everywhere."""
    return ask.identity.areas if ask.identity else ()


def sees(ask: Ask, known: Known) -> bool:
    """Whether a device, as the catalogue knows it, is within the areas of the one who asks."""
    return covers(areas_of(ask), known.area)


def check_device(desk: Desk, ask: Ask, device_id: str) -> None:
    """Raise ForbiddenError unless a device stands where the one who asks may look."""
    if areas := areas_of(ask):
        check_area(areas, desk.catalogue.look([device_id])[device_id].area, f"device {device_id[:64]}")


def check_path(desk: Desk, areas: tuple[str, ...], path: str, device_id: str) -> None:
    """Guard every route of one device (`/api/devices/{id}...`), whatever it does. Raises NotFoundError, ForbiddenError."""
    if areas and path.startswith("/api/devices/{id}"):
        found = desk.registry.show_device(device_id)
        check_area(areas, found.area, f"device {found.id}")


def seen_principals(desk: Desk, ask: Ask, principals: Iterable[str]) -> set[str]:
    """Those of the principals of which the one who asks may see all that they send."""
    areas = areas_of(ask)
    if not areas:
        return set(principals)
    with desk.registry.database.read() as connection:
        return principals_within(connection, areas, principals)


def check_principals(desk: Desk, ask: Ask, principals: Iterable[str]) -> None:
    """Raise ForbiddenError unless the one who asks may see all that these principals send."""
    wanted = set(principals)
    hidden = sorted(wanted - seen_principals(desk, ask, wanted))
    if hidden:
        what = f"principal {hidden[0]} carries devices outside {', '.join(areas_of(ask))}, or none"
        raise ForbiddenError(what, "ask somebody who is not bound to areas")


def keep_principals(desk: Desk, ask: Ask, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of the rows with a `principal` that may be seen."""
    found = list(rows)
    if not areas_of(ask):
        return found
    seen = seen_principals(desk, ask, [row["principal"] for row in found])
    return [row for row in found if row["principal"] in seen]


def check_command(desk: Desk, ask: Ask, op: str, args: dict[str, Any]) -> None:
    """Raise ForbiddenError unless a command touches only what stands where the one who asks may act. args: as work gets them."""
    if not areas_of(ask):
        return
    if op in ("redrive", "drop"):
        check_principals(desk, ask, _principals_of(desk, args.get("places")))
    elif op in ("release", "retake"):
        chosen = Chosen.read(args)
        with desk.stores.take() as store:
            held = store.quarantine("open" if op == "release" else "dropped")
        check_principals(desk, ask, [
            row["principal"] for row in held if chosen.covers(row["adapter"], row["native"], row["principal"])])  # fmt: skip
    elif op == "annotate":
        check_device(desk, ask, args["device"])
    elif op in ("ack_event", "close_event", "assign_event", "escalate_event"):
        with desk.stores.take() as store:
            event = store.event(args["event"])
        if event is not None:
            check_device(desk, ask, event.device)
    elif op == "redecode" and args.get("natives") and args.get("principal"):
        check_principals(desk, ask, [args["principal"]])
    else:
        raise _whole(op)


def _principals_of(desk: Desk, places: Any) -> set[str]:
    """Whose frames stand at [[place, part], ...]. Raises ForbiddenError when none are named, or too many."""
    if not places or len(places) > _MOST_PLACES:
        raise _whole("this, without naming each dead letter,")
    with desk.logs.take() as log:
        frames = [log.get(place) for place, _ in places]
    return {frame.source.principal if frame else "" for frame in frames}


def _whole(what: str) -> ForbiddenError:
    return ForbiddenError(
        f"{what} is about the whole house", "name what stands in your areas, or ask somebody who is not bound to any"
    )
