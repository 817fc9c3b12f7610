"""A number for every thing, from which its label and URN follow; serial numbers; codes with dates."""

from __future__ import annotations

from alembic.operations import Operations
from sqlalchemy import BigInteger, Column, ForeignKey, Integer, String, column, table, text

from sensing.registry.labels import new_site


def upgrade(op: Operations) -> None:
    """things.uid, things.serial, site, identifiers. Things are numbered in the order in which they were registered."""
    op.add_column("things", Column("uid", BigInteger, nullable=False, server_default="0"))
    op.add_column("things", Column("serial", String(128), nullable=False, server_default=""))
    op.execute(
        "UPDATE things SET uid = numbered.n FROM (SELECT id, row_number() OVER (ORDER BY created, id) AS n FROM things) AS numbered"
        " WHERE numbered.id = things.id"
    )
    op.create_index("one_uid", "things", ["uid"], unique=True)
    has_serial = text("serial != ''")
    op.create_index("things_by_serial", "things", ["serial"], sqlite_where=has_serial, postgresql_where=has_serial)
    op.create_table(
        "site",
        Column("id", Integer, primary_key=True),
        Column("code", String(8), nullable=False),
        Column("uids", BigInteger, nullable=False),
    )
    bind = op.get_bind()
    given = bind.execute(text("SELECT coalesce(max(uid), 0) FROM things")).scalar_one()
    site = table("site", column("id"), column("code"), column("uids"))
    bind.execute(site.insert().values(id=1, code=new_site(), uids=given))
    op.create_table(
        "identifiers",
        Column("code", String(128), primary_key=True),
        Column("scheme", String(32), primary_key=True),
        Column("thing", String(64), ForeignKey("things.id"), primary_key=True),
        Column("valid_from", BigInteger, primary_key=True),
        Column("valid_to", BigInteger),
    )
    op.create_index("ix_identifiers_thing", "identifiers", ["thing"])
    retired = (
        "INSERT INTO identifiers (code, scheme, thing, valid_from, valid_to)"
        " SELECT native, adapter, id, 0, retired FROM things WHERE state = 'retired' AND retired IS NOT NULL"
    )
    op.execute(retired)
