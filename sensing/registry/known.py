"""What the door asks of the registry beside who may come in: which names are principals, and whether anybody but the demo ever was."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import not_, select

from sensing.topics import is_id

from .database import Database
from .engines import Where
from .records import Kind
from .schema import credentials, principals

_PAGE = 500


def known(where: Where, names: Collection[str]) -> set[str]:
    """Those that are. Raises NotFoundError when the registry is not there, UnreachableError when it does not answer."""
    asked = [name for name in names if is_id(name)]
    found: set[str] = set()
    database = Database(where)
    try:
        with database.read() as connection:
            for start in range(0, len(asked), _PAGE):
                query = select(principals.c.id).where(principals.c.id.in_(asked[start : start + _PAGE]))
                found.update(connection.execute(query).scalars())
    finally:
        database.close()
    return found


def only_drills(where: Where) -> bool:
    """Whether no credential was ever issued but for the demo's runs and for the service itself. Raises as `known`."""
    others = (
        select(credentials.c.id)
        .join(principals, principals.c.id == credentials.c.principal)
        .where(principals.c.kind.not_in((Kind.INTERNAL, Kind.READER)), not_(credentials.c.run.like("demo-%")))
        .limit(1)
    )
    database = Database(where)
    try:
        with database.read() as connection:
            return connection.execute(others).first() is None
    finally:
        database.close()
