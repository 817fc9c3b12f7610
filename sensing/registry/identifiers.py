"""What a thing is called by: found by any of its codes, and kept through a change of hardware (docs/identifiers.md).

A native id belongs to one thing at a time. `replace_device` and `retire_device` date the one that ends, in the clock of the door: a frame that is read
again later belongs to the thing that had its native id when the frame came in. Correcting a native id (`edit_device`) dates nothing: the wrong one
never was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, bindparam, func, insert, or_, select, update

from sensing.audit import Actor
from sensing.errors import ConflictError, NotFoundError, ValidationError
from sensing.model import Micros

from . import labels
from .database import Change, Database
from .natives import normal
from .records import Code, Device
from .rows import SERIAL, devices_of, site_code, thing_row
from .schema import ACTIVE, HAS_SERIAL, IS_ACTIVE, UNDONE, identifiers, things
from .scope import check_device

_LONGEST = 200
_MOST = 100
"""Things that one code may stand for in an answer."""
_SCHEMES = ("station", "asset")
"""Schemes of further codes: a national or provincial station code, a number of the owner's books."""


_BY_ID = select(things.c.id).where(things.c.id == bindparam("text"))
_BY_UID = select(things.c.id).where(things.c.uid == bindparam("uid"))
_BY_SERIAL = select(things.c.id).where(things.c.serial == bindparam("text"), HAS_SERIAL).limit(_MOST)
_BY_CODE = select(identifiers).where(identifiers.c.code == bindparam("text")).limit(_MOST)
_HOLDS = select(things.c.id).where(things.c.adapter == bindparam("adapter"), things.c.native == bindparam("native"), IS_ACTIVE)
_HELD = (
    select(identifiers)
    .where(identifiers.c.scheme == bindparam("adapter"), identifiers.c.code == bindparam("native"))
    .order_by(identifiers.c.valid_to.desc())
    .limit(_MOST)
)
_NEXT_ADAPTER = select(func.min(things.c.adapter)).where(things.c.adapter > bindparam("after"), IS_ACTIVE)


class Match(Struct, frozen=True):
    """A thing that a code stands for. scheme: how (`id`, `urn`, `label`, `serial`, an adapter, a scheme); valid_to None: still."""

    device: Device
    scheme: str
    code: str
    valid_from: Micros = 0
    valid_to: Micros | None = None


class Identifiers:
    """The registry's nouns for codes."""

    database: Database

    def identify(self, text: str) -> list[Match]:
        """Every thing that a code stands for, or stood for once; those for which it holds today first. [] when nobody knows it.

        text: an id, URN, label, native id (bare, or ADAPTER:NATIVE) in any spelling of its protocol, serial number or further code.
        """
        text = text.strip()
        if not text or len(text) > _LONGEST:
            return []
        with self.database.read() as connection:
            found = list(_named(connection, text))
            rows = select(things).where(things.c.id.in_({thing for thing, _ in found}), things.c.state != UNDONE)
            devices = {device.id: device for device in devices_of(connection, connection.execute(rows))}
        matches: dict[tuple[str, str], Match] = {}
        for thing, code in found:
            if thing in devices:
                at = next((each for each in devices[thing].codes if each.valid_to is None and each.scheme == code.scheme), code)
                began = at.valid_from if code.valid_to is None else code.valid_from
                match = Match(devices[thing], code.scheme, code.code, began, code.valid_to)
                matches.setdefault((thing, code.scheme), match)
        return sorted(
            matches.values(), key=lambda each: (each.valid_to is not None, each.device.state != ACTIVE, each.device.id)
        )[:_MOST]

    def replace_device(
        self, device_id: str, *, actor: Actor, native: str | None = None, serial: str | None = None, at: Micros | None = None
    ) -> Device:
        """Other hardware stands for this thing since `at` (None: now): its series goes on, and the codes of the old one end then.

        Raises NotFoundError, ValidationError when nothing differs or `at` is not between the last replacement and now, ConflictError when the native
        id is another thing's.
        """
        with self.database.write(actor) as change:
            row = thing_row(change.connection, device_id)
            check_device(actor, row)
            if row.state != ACTIVE:
                raise ConflictError(f"device {device_id} is retired", "restore it first (`sensing device restore`)")
            values = _replaced(change, row, native, serial)
            moment = change.at if at is None else at
            for name, scheme in (("native", row.adapter), ("serial", SERIAL)):
                if name in values and getattr(row, name):
                    began = _began(change.connection, row, scheme, getattr(row, name))
                    _check_time(moment, began, change.at)
                    keep_code(change, Code(scheme, getattr(row, name), began, moment), device_id)
            if "native" in values:
                _refuse_overlap(change.connection, row, values["native"], moment)
            change.connection.execute(update(things).where(things.c.id == device_id).values(**values, changed=change.version))
            change.record("device_replaced", device_id, at=moment, **values, before={name: getattr(row, name) for name in values})
            return devices_of(change.connection, [thing_row(change.connection, device_id)])[0]

    def add_code(self, device_id: str, scheme: str, code: str, *, actor: Actor, valid_from: Micros = 0) -> Device:
        """Let a thing be found by a further code. Raises NotFoundError, ValidationError, ConflictError when it is another's today."""
        code = code.strip()
        if scheme not in _SCHEMES or not 1 <= len(code) <= 128 or not code.isprintable():
            raise ValidationError(
                f"code {scheme}:{code[:40]!r} cannot be kept", f"schemes are {', '.join(_SCHEMES)}; 1 to 128 characters"
            )
        with self.database.write(actor) as change:
            row = thing_row(change.connection, device_id)
            check_device(actor, row)
            mine = identifiers.c
            held = select(mine.thing).where(mine.code == code, mine.scheme == scheme, mine.valid_to.is_(None))
            other = change.connection.execute(held).scalar()
            if other is not None and other != device_id:
                raise ConflictError(f"{scheme} {code} belongs to device {other}", "end it there first")
            if other is None:
                keep_code(change, Code(scheme, code, valid_from), device_id)
                change.connection.execute(update(things).where(things.c.id == device_id).values(changed=change.version))
                change.record("code_added", device_id, scheme=scheme, code=code, valid_from=valid_from)
            return devices_of(change.connection, [row])[0]

    def end_code(self, device_id: str, scheme: str, code: str, *, actor: Actor) -> Device:
        """A further code is this thing's no longer; it is found by it still, as of then. Raises NotFoundError."""
        with self.database.write(actor) as change:
            row = thing_row(change.connection, device_id)
            check_device(actor, row)
            mine = identifiers.c
            which = (mine.thing == device_id, mine.scheme == scheme, mine.code == code, mine.valid_to.is_(None))
            if not change.connection.execute(update(identifiers).where(*which).values(valid_to=change.at)).rowcount:
                raise NotFoundError(f"device {device_id} has no {scheme} {code}", "`sensing device show` lists its codes")
            change.connection.execute(update(things).where(things.c.id == device_id).values(changed=change.version))
            change.record("code_ended", device_id, scheme=scheme, code=code)
            return devices_of(change.connection, [row])[0]


def keep_code(change: Change, code: Code, device_id: str) -> None:
    """Keep a code of a thing with its dates."""
    values = {
        "code": code.code,
        "scheme": code.scheme,
        "thing": device_id,
        "valid_from": code.valid_from,
        "valid_to": code.valid_to,
    }
    change.connection.execute(insert(identifiers), values)


def retire_codes(change: Change, row: Any) -> None:
    """A thing goes out of service: its native id may be somebody else's from now on, and frames of before stay its own."""
    began = _began(change.connection, row, row.adapter, row.native)
    if began < change.at:
        keep_code(change, Code(row.adapter, row.native, began, change.at), row.id)


def restore_codes(change: Change, row: Any) -> None:
    """A thing comes back: what its retirement ended goes on."""
    mine = identifiers.c
    ended = (mine.thing == row.id, mine.scheme == row.adapter, mine.code == row.native, mine.valid_to == row.retired)
    change.connection.execute(identifiers.delete().where(*ended))


def _named(connection: Connection, text: str) -> Iterator[tuple[str, Code]]:
    """(thing, what of it) for every way in which a text may be read."""
    if found := connection.execute(_BY_ID, {"text": text}).scalar():
        yield found, Code("id", found)
    yield from _numbered(connection, text)
    adapter, colon, rest = text.partition(":")
    spoken = [(adapter, rest)] if colon else []
    spoken += [(each, text) for each in _adapters(connection)]
    yield from _native(connection, {(each, spelled) for each, raw in spoken if (spelled := _spelled(each, raw)) is not None})
    for thing in connection.execute(_BY_SERIAL, {"text": text}).scalars():
        yield thing, Code(SERIAL, text)
    for row in connection.execute(_BY_CODE, {"text": text}):
        yield row.thing, Code(row.scheme, row.code, row.valid_from, row.valid_to)


def _numbered(connection: Connection, text: str) -> Iterator[tuple[str, Code]]:
    """By URN or label."""
    name = labels.of_urn(text)
    if name is None and not labels.is_label(text):
        return
    at_site = site_code(connection)
    if name is not None and name[0] != at_site:
        return
    uid = labels.number(at_site, name[1] if name else text)
    found = connection.execute(_BY_UID, {"uid": uid}).scalar() if uid else None
    if found is not None and uid:
        yield found, Code("urn", labels.urn(at_site, uid)) if name else Code("label", labels.label(at_site, uid))


def _native(connection: Connection, spoken: Iterable[tuple[str, str]]) -> Iterator[tuple[str, Code]]:
    """By native id, today's holders and those of old."""
    for adapter, native in sorted(spoken):  # each by itself: no database finds its way to two through the partial index
        values = {"adapter": adapter, "native": native}
        for thing in connection.execute(_HOLDS, values).scalars():
            yield thing, Code(adapter, native)
        for row in connection.execute(_HELD, values):
            yield row.thing, Code(row.scheme, row.code, row.valid_from, row.valid_to)


def _adapters(connection: Connection) -> list[str]:
    """The adapters that anything active speaks, by hops through their index: never a look at every thing."""
    found: list[str] = []
    while word := connection.execute(_NEXT_ADAPTER, {"after": found[-1] if found else ""}).scalar():
        found.append(str(word))
    return found


def _began(connection: Connection, row: Any, scheme: str, code: str) -> Micros:
    """Since when a code of today is this thing's: after its own last one, and after the code's last holder."""
    mine = identifiers.c
    ends = select(func.max(mine.valid_to)).where(mine.scheme == scheme, or_(mine.thing == row.id, mine.code == code))
    return int(connection.execute(ends).scalar() or 0)


def _spelled(adapter: str, text: str) -> str | None:
    try:
        return normal(adapter, text)
    except ValidationError:
        return None


def _replaced(change: Change, row: Any, native: str | None, serial: str | None) -> dict[str, str]:
    """The columns that differ. Raises ValidationError when none does, ConflictError when the native id is taken."""
    values = {}
    if native is not None and (spelled := normal(row.adapter, native)) != row.native:
        values["native"] = spelled
        query = select(things.c.id).where(things.c.adapter == row.adapter, things.c.native == spelled, IS_ACTIVE)
        if (other := change.connection.execute(query).scalar()) is not None:
            raise ConflictError(
                f"native {spelled} of {row.adapter} belongs to device {other}", f"retire {other} first, or correct the native id"
            )
    if serial is not None and serial.strip() != row.serial:
        if not serial.isprintable() or not 1 <= len(serial.strip()) <= 128:
            raise ValidationError(f"serial {serial[:40]!r} is none", "write 1 to 128 printable characters")
        values["serial"] = serial.strip()
    if not values:
        raise ValidationError(
            f"nothing about {row.id} is replaced", "name the native id or the serial number of the new hardware"
        )
    return values


def _check_time(moment: Micros, began: Micros, now: Micros) -> None:
    if not began < moment <= now:
        raise ValidationError(
            "the time of the replacement is not between the last one and now", "write when the old hardware was taken off"
        )


def _refuse_overlap(connection: Connection, row: Any, native: str, moment: Micros) -> None:
    """Raise ConflictError when the native id was another thing's at a time from `moment` on."""
    mine = identifiers.c
    query = select(mine.thing).where(
        mine.code == native, mine.scheme == row.adapter, mine.thing != row.id, mine.valid_to > moment
    )
    if (other := connection.execute(query).scalar()) is not None:
        raise ConflictError(
            f"native {native} of {row.adapter} was device {other}'s until later than that", "correct the time (--at)"
        )
