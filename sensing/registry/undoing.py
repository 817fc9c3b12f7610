"""A registration taken back while the engineer still stands there: the id and the native id are free again, the password opens no more."""

from __future__ import annotations

from sensing import times
from sensing.audit import Actor
from sensing.errors import ConflictError

from .blanks import give_back
from .database import Database
from .newcomers import take_back
from .rows import thing_row
from .schema import ACTIVE
from .scope import check_device

WITHIN = 10 * times.MINUTE
"""How long after it a registration can be taken back; later a device is retired, which is kept."""


class Undoing:
    """The registry's second thoughts."""

    database: Database

    def unregister_device(self, device_id: str, *, actor: Actor) -> None:
        """Undo the registration of a device. Raises NotFoundError; ConflictError when it is older than WITHIN, or retired."""
        with self.database.write(actor) as change:
            row = thing_row(change.connection, device_id)
            check_device(actor, row)
            age = change.at - row.created
            if age > WITHIN or row.state != ACTIVE:
                minutes = age // times.MINUTE
                what = f"is {row.state}" if row.state != ACTIVE else f"was registered {minutes} minutes ago"
                raise ConflictError(f"{device_id} {what}", f"within {WITHIN // times.MINUTE} minutes it can be undone: retire it")
            take_back(change, [device_id])
            give_back(change, [device_id])
            change.record("device_unregistered", device_id)
