"""Which of some names are principals: for counting who was refused, where a name that nobody registered must not be kept."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select

from sensing.topics import is_id

from .database import Database
from .engines import Where
from .schema import principals

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
