"""Many devices from a file: previewed and applied by the same code, in one transaction, and undone as a whole.

A row is new, changed, same, skipped or bad; a bad one says why and what to do, and disturbs no other. The preview is the import itself,
rolled back at its end, so what it says is what would happen. Empty cells say nothing: they clear nothing.

Files of more than PART lines are committed in parts, so that ten million lines need no more memory than a thousand; the parts are
one import all the same, listed and undone together.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from sensing.access import new_token
from sensing.audit import Actor
from sensing.errors import ConflictError, NotFoundError, SensingError, ValidationError

from .bulk import insert_rows
from .database import Change
from .dated import Edit
from .differences import differences
from .export import EVERY_COLUMN, Exports, cells_of, form_of
from .forms import DeviceChanges, DeviceForm, FormError
from .newcomers import Newcomers, revived, take_back
from .outcomes import Imported, OnExists, Outcome, Verdict
from .records import Device
from .rows import configs_of, devices_of
from .schema import ACTIVE, UNDONE, import_rows, imports, things
from .scope import check_device, check_devices
from .sheets import Line

PART = 50_000
_CHUNK = 500
"""Rows whose ids are looked up at once: within every database's number of parameters."""
_OPEN, _DONE = "open", "done"
_COLUMNS = frozenset(EVERY_COLUMN)
_STANDING = select(things).where(things.c.id.in_(bindparam("ids", expanding=True)))


class Imports(Exports):
    """The registry's nouns for files of devices."""

    def import_devices(
        self, lines: Iterable[Line], *, name: str, actor: Actor, on_exists: OnExists = OnExists.UPDATE, preview: bool = False
    ) -> Iterator[list[Outcome] | Imported]:
        """Take in the rows of a sheet: outcomes by the hundreds as they are known, and the import itself last.

        Nothing is applied before the generator is run to its end (or, of a file of several parts, to the part's end).
        """
        left, done, counts = iter(lines), None, dict.fromkeys(map(str, Verdict), 0)
        identity = ""
        with self.database.bulk(actor) as writing:
            while done is None or done == PART:
                done = 0
                with writing() as change:
                    change.abandoned = preview
                    identity = identity or _begin(change, name)
                    for outcomes in self._part(change, left, identity, on_exists, whole=preview):
                        done += len(outcomes)
                        for outcome in outcomes:
                            counts[outcome.verdict] += 1
                        yield outcomes
                    found = _end(change, identity, counts)
                if preview:
                    found = Imported("", found.at, found.by, found.name, "preview", found.counts)
                    break
        yield found

    def list_imports(self, limit: int = 100) -> list[Imported]:
        """The newest imports, newest first."""
        with self.database.read() as connection:
            return [_told(each) for each in connection.execute(select(imports).order_by(imports.c.at.desc()).limit(limit))]

    def _part(
        self, change: Change, left: Iterator[Line], identity: str, on_exists: OnExists, *, whole: bool
    ) -> Iterator[list[Outcome]]:
        """One transaction's worth: PART lines, or all of them."""
        part = left if whole else islice(left, PART)
        while chunk := list(islice(part, _CHUNK)):
            yield self._chunk(change, chunk, identity, on_exists)

    def _chunk(self, change: Change, chunk: list[Line], identity: str, on_exists: OnExists) -> list[Outcome]:
        """One look-up, then each row on its own, then one insert: whatever the number of rows."""
        read = [(line, _read(line)) for line in chunk]
        forms = [form for _, form in read if isinstance(form, DeviceForm)]
        ids = [form.id for form in forms]
        standing = change.connection.execute(_STANDING, {"ids": ids}).all()
        undone = [row.id for row in standing if row.state == UNDONE]
        known = {each.id: each for each in devices_of(change.connection, [row for row in standing if row.state != UNDONE])}
        seen = _seen(change, identity, known) if known else {}  # whatever an earlier row made or found is standing
        newcomers = Newcomers(change, self.types, [form for form in forms if form.id not in known], undone)
        outcomes = []
        for line, form in read:
            outcome = (
                form
                if isinstance(form, Outcome)
                else self._one(change, line, form, known.get(form.id), seen, newcomers, on_exists)
            )
            outcomes.append(outcome)
            if outcome.verdict is not Verdict.BAD:
                seen[outcome.id] = line.number
        newcomers.write()
        _note(change, identity, outcomes, known)
        return outcomes

    def _one(
        self, change: Change, line: Line, form: DeviceForm, before: Device | None, seen: Mapping[str, int], newcomers: Newcomers,
        on_exists: OnExists,
    ) -> Outcome:  # fmt: skip
        if form.id in seen:
            return _bad(line, f"id {form.id} stands in row {seen[form.id]} too", "one device is one row: keep one of the two")
        try:
            if before is not None:
                return self._known(change, line.number, before, line, form, on_exists)
            return Outcome(line.number, form.id, Verdict.NEW, credential=newcomers.add(line.number, form))
        except SensingError as error:
            return _bad(line, error.what, error.hint)

    def _known(self, change: Change, number: int, before: Device, line: Line, form: DeviceForm, on_exists: OnExists) -> Outcome:
        """A row about a device that is registered: what differs is changed, if it may be. Raises SensingError."""
        check_device(change.actor, before)
        moved = differences(before, form, line.cells)
        if not moved:
            return Outcome(number, form.id, Verdict.SAME)
        if before.state != ACTIVE:
            raise ConflictError(
                f"device {form.id} is retired", "restore it first (`sensing device restore`), or choose another id"
            )
        if on_exists is OnExists.SKIP:
            return Outcome(number, form.id, Verdict.SKIPPED, changes=moved)
        if on_exists is OnExists.ERROR:
            raise ConflictError(
                f"device {form.id} is registered with other values: {', '.join(moved)}", "import with --on-exists update, or skip"
            )
        if "adapter" in moved:
            raise ConflictError(
                f"device {form.id} speaks {before.adapter}", "a device of another protocol is another device: give it another id"
            )
        fields = form.model_dump(include=set(moved))
        if {"lat", "lon", "crs"} & set(moved):
            fields |= {"lat": form.lat, "lon": form.lon, "crs": form.crs}
        self.apply_changes(change, form.id, DeviceChanges.read(fields))
        return Outcome(number, form.id, Verdict.CHANGED, changes=moved)

    def undo_import(self, identity: str, *, actor: Actor, force: bool = False) -> Imported:
        """Take an import back: what it made is gone, what it changed is as it was; an export is as before, to the byte.

        Raises NotFoundError; ConflictError when it was undone already, or a device has been changed since and not `force`.
        """
        with self.database.write(actor) as change:
            found = change.connection.execute(select(imports).where(imports.c.id == identity)).first()
            if found is None:
                raise NotFoundError(f'import "{identity}" does not exist', "`sensing device imports` shows them")
            if found.state == UNDONE:
                raise ConflictError(f"import {identity} is undone already", "nothing is left to take back")
            if not force:
                _refuse_changed_since(change, identity)
            for page in _pages(change, identity):
                check_devices(change.connection, actor, [each.thing for each in page])
                take_back(change, [each.thing for each in page if each.verdict == Verdict.NEW])
                for each in page:
                    if each.verdict == Verdict.CHANGED:
                        self._put_back(change, each.thing, each.before)
            change.connection.execute(update(imports).where(imports.c.id == identity).values(state=UNDONE))
            change.record("import_undone", identity, **found.counts)
            return _told(found, UNDONE)

    def _put_back(self, change: Change, device_id: str, before: Mapping[str, str]) -> None:
        fields = {name: text for name, text in before.items() if name not in ("id", "adapter")}
        fields["settings"] = json.loads(before["settings"] or "{}")
        fields["principal"] = before["principal"] or device_id
        if not before["principal"]:
            revived(change, device_id)
        dated_from = configs_of(change.connection, [device_id])[device_id][-1].valid_from
        changes = DeviceChanges.read(fields)
        self.apply_changes(change, device_id, changes, Edit.read(changes, dated_from))


def _begin(change: Change, name: str) -> str:
    identity = "i-" + new_token()[:10].lower().replace("_", "x").replace("-", "y")
    values = {"id": identity, "at": change.at, "by": change.actor.name, "name": name[:200], "state": _OPEN, "counts": {}}
    change.connection.execute(insert(imports), values)
    return identity


def _end(change: Change, identity: str, counts: Mapping[str, int]) -> Imported:
    """Book what has been done so far: every part leaves the import whole as it stands."""
    change.connection.execute(update(imports).where(imports.c.id == identity).values(state=_DONE, counts=dict(counts)))
    change.record("devices_imported", identity, **counts)
    return _told(change.connection.execute(select(imports).where(imports.c.id == identity)).one())


def _told(found: Any, state: str = "") -> Imported:
    return Imported(found.id, found.at, found.by, found.name, state or found.state, dict(found.counts))


def _read(line: Line) -> DeviceForm | Outcome:
    """The form that a row fills in, or why it cannot be."""
    try:
        if line.extra:
            raise ValidationError(
                f"{line.extra} cells more than the header has", "a delimiter inside a cell? put the cell in quotes"
            )
        return form_of({name: text for name, text in line.cells.items() if text and name in _COLUMNS})
    except FormError as error:
        what = "; ".join(f"{each.field} {str(each.value)[:60]!r}: {each.what}" for each in error.problems)
        hint = "; ".join(dict.fromkeys(each.hint for each in error.problems))
        return _bad(line, what, hint)
    except SensingError as error:
        return _bad(line, error.what, error.hint)


def _bad(line: Line, what: str, hint: str) -> Outcome:
    return Outcome(line.number, line.cells.get("id", ""), Verdict.BAD, what, hint, cells=line.cells)


def _refuse_changed_since(change: Change, identity: str) -> None:
    mine = import_rows.c
    touched = change.connection.execute(
        select(things.c.id).join_from(things, import_rows, mine.thing == things.c.id)
        .where(mine.import_id == identity, mine.version.is_not(None), things.c.changed != mine.version).order_by(things.c.id).limit(4)
    ).scalars().all()  # fmt: skip
    if touched:
        more = " and more" if len(touched) > 3 else ""
        raise ConflictError(
            f"changed since the import: {', '.join(touched[:3])}{more}",
            "look at them first; --force takes the import back all the same",
        )


def _seen(change: Change, identity: str, ids: Iterable[str]) -> dict[str, int]:
    """Ids that earlier rows of this import named, and those rows."""
    mine = import_rows.c
    query = select(mine.thing, mine.row).where(mine.import_id == identity, mine.thing.in_(list(ids)))
    return {row.thing: row.row for row in change.connection.execute(query)}


def _note(change: Change, identity: str, outcomes: Iterable[Outcome], known: Mapping[str, Device]) -> None:
    """Keep what an undo needs: which rows moved a device, as of which version, and how it was before."""
    notes = []
    for outcome in outcomes:
        if outcome.verdict is not Verdict.BAD:
            moved = outcome.verdict in (Verdict.NEW, Verdict.CHANGED)
            before = cells_of(known[outcome.id]) if outcome.verdict is Verdict.CHANGED else None
            kept = None if before is None else json.dumps(before)
            notes.append((identity, outcome.id, outcome.row, str(outcome.verdict), kept, change.version if moved else None))
    insert_rows(change.connection, import_rows, notes)


def _pages(change: Change, identity: str) -> Iterator[list[Any]]:
    """What an import moved, a page of memory at a time."""
    mine, after = import_rows.c, ""
    query = select(import_rows).where(mine.import_id == identity, mine.version.is_not(None)).order_by(mine.thing).limit(_CHUNK)
    while page := change.connection.execute(query.where(mine.thing > after)).all():
        yield list(page)
        after = page[-1].thing
