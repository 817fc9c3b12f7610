"""Urban Sensing: readings that arrive, are understood, checked, stored once and never lost.

`sensing.open("data")` opens a data folder for reading (sensing/python.py, docs/query.md).
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .python import open_data as open  # noqa: A004 as files are opened

__all__ = ["__version__", "open"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """`open`, loaded when it is first asked for."""
    if name == "open":
        from .python import open_data

        return open_data
    raise AttributeError(name)
