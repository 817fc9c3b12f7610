"""GET /api/map: the city as it is, at once, or as it was."""

from __future__ import annotations

import gzip
from typing import Any

from starlette.responses import Response

from sensing import times
from sensing.errors import SensingError
from sensing.web import status
from sensing.web.answers import encode
from sensing.web.ask import Ask
from sensing.web.desk import Desk

from .batches import Batches
from .city import City
from .hub import Hub
from .view import View, view_of

_LEVEL = 3
"""Of compression: a megabyte takes some 15 ms, and is a sixth afterwards."""
_SMALL = 2_000


def hub_of(desk: Desk) -> Hub:
    """The hub of this process."""
    if not isinstance(desk.hub, Hub):
        desk.hub = Hub(desk)
    return desk.hub


def city_map(desk: Desk, ask: Ask) -> Response:
    """The city now; at: as it was then; from, to, every: a stretch of the past."""
    if ask.text("at") or ask.text("from"):
        from .playback import past

        return packed(ask, past(desk, ask))
    hub, view = hub_of(desk), view_of(desk, ask)
    balance = ledger(desk)
    hub.join(view.runs)
    with hub.seen(view) as cities:
        made = Batches(hub)
        told = head(view, cities) | {
            "cursor": hub.position.of(view.runs),
            "playback": False,
            "kpi": made.kpi(view.wide, cities, balance),
            "things": made.things(view, cities),
            "events": made.events(view, cities),
            "incidents": made.incidents(view, cities)[0],
        }
    return packed(ask, told)


def head(view: View, cities: list[City]) -> dict[str, Any]:
    """What every answer begins with."""
    shown = cities[-1] if cities[-1].standings and any(one.heard for one in cities[-1].standings.values()) else cities[0]
    drill = next((city for city in cities if city.run and city.origin != "live"), None)
    return {
        "at": times.now() // 1000,
        "clock": shown.clock // 1000,
        "runs": list(view.runs),
        "run": shown.run,
        "drill": {"run": drill.run, "origin": drill.origin or "simulated"} if drill else None,
    }


def ledger(desk: Desk) -> str:
    """Whether every frame is accounted for."""
    try:
        return "balanced" if status.balance_of(desk).look() else "unbalanced"
    except SensingError:
        return "unknown"


def packed(ask: Ask, told: Any) -> Response:
    """JSON, compressed where the other side takes it."""
    body = encode(told)
    if "gzip" not in ask.accepts or len(body) < _SMALL:
        return Response(body, media_type="application/json")
    return Response(
        gzip.compress(body, _LEVEL),
        media_type="application/json",
        headers={"content-encoding": "gzip", "vary": "accept-encoding"},
    )
