"""From the tables of an older program to today's, by alembic, in one transaction with the number that says so (docs/operate.md).

Each step is a module of its own whose `upgrade(op)` makes the tables of the schema with its number from those of the one before. A step is never
edited once it has been released: it says what the tables were then, not what `schema` says now.
Imported only when there is something to do: alembic is slow to import.
"""

from __future__ import annotations

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, update

from sensing.registry import schema

from . import s2_imports, s3_identifiers, s4_rights, s5_commissions, s6_links, s7_blanks

_STEPS = {
    2: s2_imports.upgrade, 3: s3_identifiers.upgrade, 4: s4_rights.upgrade, 5: s5_commissions.upgrade, 6: s6_links.upgrade,
    7: s7_blanks.upgrade,
}  # fmt: skip
OLDEST = 1


def migrate(connection: Connection, found: int) -> None:
    """Bring tables of schema `found` to `schema.SCHEMA`, within the caller's transaction."""
    op = Operations(MigrationContext.configure(connection, opts={"transactional_ddl": True}))
    for number in range(found + 1, schema.SCHEMA + 1):
        _STEPS[number](op)
    connection.execute(update(schema.changes).values(schema=schema.SCHEMA, version=schema.changes.c.version + 1))
