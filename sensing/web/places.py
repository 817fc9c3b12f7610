"""Places of the map, as GeoJSON: harbours with their berths, anchorages, fairways and limits."""

from __future__ import annotations

from typing import Any

from sensing.maritime import harbours as ports

from .ask import Ask
from .desk import Desk


def harbours(_desk: Desk, _ask: Ask) -> dict[str, Any]:
    """Limits, anchorages, berths and fairways of all harbours, a FeatureCollection; `kind` tells them apart."""
    return ports.geojson(ports.shipped())
