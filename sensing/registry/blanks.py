"""Blank labels: printed at the office, stuck on a device in the field, bound to it when it is registered.

A blank is a number that no thing has yet (`labels`), set aside: the device that is registered with its code gets that number, and so the code is
its label for ever. Each is used once; one that was revoked or is over is used no more, and its number is never given to anything else.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Row, insert, select, update

from sensing.audit import Actor
from sensing.errors import ConflictError, NotFoundError, ValidationError
from sensing.model import Micros
from sensing.times import DAY, rfc3339

from . import labels
from .database import Change, Database
from .rows import new_uids, site_code
from .schema import blanks, things

LASTS = 365 * DAY
MOST = 1_200
"""Of one batch: fifty sheets."""
STATES = ("free", "used", "revoked", "over")
_LONGEST_NOTE = 200


@dataclass(frozen=True)
class Blank:
    """A label. state: of STATES, as of when it was looked at. thing: what it is on, "" while it is on nothing."""

    code: str
    batch: str
    note: str
    made: Micros
    by: str
    ends: Micros
    state: str
    thing: str
    used: Micros | None


class Blanks:
    """The registry's nouns for labels without a thing."""

    database: Database

    def make_blanks(self, count: int, *, lasts: Micros = LASTS, note: str = "", actor: Actor) -> list[Blank]:
        """A batch of so many. Raises ValidationError."""
        if not 1 <= count <= MOST:
            raise ValidationError(f"{count} labels", f"make 1 to {MOST} at once; 24 fill a sheet")
        if not DAY <= lasts <= 20 * LASTS:
            raise ValidationError(f"{lasts / DAY:g} days is no time for a label", "give 1d to 7300d, such as 365d")
        if len(note) > _LONGEST_NOTE or not note.isprintable():
            raise ValidationError("the note is too long, or has control characters", f"at most {_LONGEST_NOTE} on one line")
        batch = f"b-{secrets.token_hex(4)}"
        with self.database.write(actor) as change:
            values = {"batch": batch, "note": note, "made": change.at, "by": actor.name, "ends": change.at + lasts}
            uids = new_uids(change.connection, count)
            change.connection.execute(insert(blanks), [{"uid": uid, **values} for uid in uids])
            change.record("labels_made", batch, count=count, ends=rfc3339(change.at + lasts))
            return _told(change.connection, _rows(change.connection, blanks.c.batch == batch), change.at)

    def list_blanks(self, *, batch: str = "", state: str = "", after: str = "", limit: int = 1_000) -> list[Blank]:
        """A page, the newest first. after: the last code of the page before."""
        now = self.database.clock()
        with self.database.read() as connection:
            last = labels.number(site_code(connection), after) if after else None
            where = [blanks.c.batch == batch] if batch else []
            where += [blanks.c.uid < last] if last else []
            where += _in_state(state, now) if state else []
            return _told(connection, _rows(connection, *where, limit=limit), now)

    def find_blank(self, code: str) -> Blank | None:
        """The blank of a code; None for what was never printed as one."""
        with self.database.read() as connection:
            uid = labels.number(site_code(connection), code)
            found = _told(connection, _rows(connection, blanks.c.uid == uid), self.database.clock()) if uid else []
            return found[0] if found else None

    def revoke_blanks(self, which: str, *, actor: Actor) -> int:
        """End the free ones of a batch, or one by its code; returns how many. Raises NotFoundError."""
        with self.database.write(actor) as change:
            uid = labels.number(site_code(change.connection), which)
            meant = blanks.c.uid == uid if uid else blanks.c.batch == which
            if not list(_rows(change.connection, meant, limit=1)):
                raise NotFoundError(f'"{which[:64]}" is no batch and no blank label', "`sensing label list` shows them")
            ends = update(blanks).where(meant, blanks.c.used.is_(None), blanks.c.revoked.is_(None)).values(revoked=change.at)
            count = change.connection.execute(ends).rowcount
            if count:
                change.record("labels_revoked", which, count=count)
            return count


def take(change: Change, code: str, thing: str) -> int:
    """The number of a blank, which is the thing's from now on. Raises NotFoundError, ConflictError saying why it cannot be."""
    connection = change.connection
    uid = labels.number(site_code(connection), code)
    found = _told(connection, _rows(connection, blanks.c.uid == uid), change.at) if uid else []
    if not found or uid is None:
        raise NotFoundError(f'"{code[:40]}" is no blank label of this site', "check its 8 characters, or register without it")
    (blank,) = found
    if blank.state != "free":
        why = {"used": f"is on {blank.thing} already", "revoked": "was revoked", "over": "is past its time"}[blank.state]
        raise ConflictError(f"label {code} {why}", "stick on another one")
    values = {"thing": thing, "used": change.at}
    change.connection.execute(update(blanks).where(blanks.c.uid == uid, blanks.c.used.is_(None)).values(**values))
    change.record("label_used", thing, label=blank.code, batch=blank.batch)
    return uid


def give_back(change: Change, device_ids: Iterable[str]) -> None:
    """Registrations were undone: their labels are blank again, and what is left of the things is numbered anew."""
    held = select(blanks.c.uid, blanks.c.thing).where(blanks.c.thing.in_(list(device_ids)))
    for uid, thing in change.connection.execute(held).all():
        other = new_uids(change.connection, 1)[0]
        change.connection.execute(update(things).where(things.c.id == thing, things.c.uid == uid).values(uid=other))
        change.connection.execute(update(blanks).where(blanks.c.uid == uid).values(thing=None, used=None))


def _rows(connection: Connection, *where: ColumnElement[bool], limit: int = MOST) -> Iterable[Row[tuple[object, ...]]]:
    return connection.execute(select(blanks).where(*where).order_by(blanks.c.uid.desc()).limit(limit)).all()


def _in_state(state: str, now: Micros) -> Sequence[ColumnElement[bool]]:
    if state == "used":
        return [blanks.c.used.is_not(None)]
    if state == "revoked":
        return [blanks.c.used.is_(None), blanks.c.revoked.is_not(None)]
    over = blanks.c.ends <= now
    return [blanks.c.used.is_(None), blanks.c.revoked.is_(None), over if state == "over" else ~over]


def _told(connection: Connection, rows: Iterable[Row[tuple[object, ...]]], now: Micros) -> list[Blank]:
    at = site_code(connection)
    return [
        Blank(labels.label(at, row.uid), row.batch, row.note, row.made, row.by, row.ends, _state(row, now), row.thing or "", row.used)
        for row in rows
    ]  # fmt: skip


def _state(row: Row[tuple[object, ...]], now: Micros) -> str:
    if row.used is not None:
        return "used"
    if row.revoked is not None:
        return "revoked"
    return "over" if row.ends <= now else "free"
