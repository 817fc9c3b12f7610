"""Which observations: the options that `tail` and `query` share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from sensing.errors import NotFoundError

if TYPE_CHECKING:
    from .client import Client

COLUMNS = (
    "cursor", "device", "property", "statistic", "channel", "begin", "time", "received", "result", "unit", "quality", "reason",
    "revision", "origin", "run", "lon", "lat",
)  # fmt: skip
Query = Annotated[
    str, typer.Argument(metavar="QUERY", help="A device's id, a pattern (gauge-*), or part of an id, native id, name or area")
]
Type = Annotated[list[str] | None, typer.Option("--type", "-t", help="Only devices of this type; may be repeated")]
Area = Annotated[list[str] | None, typer.Option("--area", "-a", help="Only devices of this area; may be repeated")]
Property = Annotated[list[str] | None, typer.Option("--property", "-p", help="Only this property; may be repeated")]
Run = Annotated[str | None, typer.Option(help="live, a run's id, or all; live and the demo's own when left out")]


def devices(client: Client, query: str) -> list[str]:
    """What the API wants for a query: the words themselves where it knows them, else ids. Raises NotFoundError when none matches."""
    if not query or any(sign in query for sign in "*?[,"):
        return [query] if query else []
    found = client.items("/api/devices", query=query, state="all")
    if not found:
        raise NotFoundError(f'no device matches "{query}"', "`sensing device list` shows what there is")
    folded = query.casefold()
    if all(folded in device["id"] or folded in device["name"].casefold() for device in found):
        return [query]
    return [str(device["id"]) for device in found]


def ordered(row: dict[str, Any]) -> dict[str, Any]:
    """A row in the contract's order, whatever else it has after that."""
    known = {name: row[name] for name in COLUMNS if name in row}
    return known | {name: value for name, value in row.items() if name not in known}
