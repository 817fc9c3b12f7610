"""Where land is: polygons of `config/coast` on a grid, for whoever must not sail over it.

The coast is replaceable data with a licence of its own (config/coast/NOTICE). Ships do not look at it while they sail: their lanes
are data that tests hold against it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from sensing.paths import config_dir

Floats = NDArray[np.float64]
STEP = 0.001
"""Degrees of a cell: about 100 m."""
AREA = (116.95, 23.0, 119.85, 24.9)
"""West, south, east, north of the waters that ships of the storm sail, degrees."""


@dataclass(frozen=True)
class Land:
    """A grid of cells that are land where their middle is. cells: (rows from the south, columns from the west)."""

    west: float
    south: float
    step: float
    cells: NDArray[np.bool_]

    def holds(self, lon: Floats, lat: Floats) -> NDArray[np.bool_]:
        """Whether positions (any shape, degrees) are on land; outside the grid nothing is known to be."""
        column = np.floor((np.asarray(lon) - self.west) / self.step).astype(np.int64)
        row = np.floor((np.asarray(lat) - self.south) / self.step).astype(np.int64)
        inside = (column >= 0) & (row >= 0) & (column < self.cells.shape[1]) & (row < self.cells.shape[0])
        return np.asarray(inside & self.cells[np.where(inside, row, 0), np.where(inside, column, 0)])


def load_land(path: Path | None = None, area: tuple[float, float, float, float] = AREA, step: float = STEP) -> Land:
    """The land of an area (west, south, east, north). Raises OSError, msgspec.DecodeError."""
    edges = _edges((path or config_dir() / "coast" / "fujian.geojson").read_bytes())
    west, south, east, north = area
    columns, rows = round((east - west) / step), round((north - south) / step)
    crossed = np.zeros((rows, columns + 1), dtype=np.int32)
    for row in range(rows):
        lat = south + (row + 0.5) * step
        over = edges[(edges[:, 1] > lat) != (edges[:, 3] > lat)]
        lon = over[:, 0] + (lat - over[:, 1]) * (over[:, 2] - over[:, 0]) / (over[:, 3] - over[:, 1])
        first = np.clip(np.ceil((lon - west) / step - 0.5), 0, columns).astype(np.int64)  # the first middle east of the edge
        np.add.at(crossed[row], first, 1)
    return Land(west, south, step, np.cumsum(crossed[:, :-1], axis=1) % 2 == 1)


def _edges(document: bytes) -> Floats:
    """The outlines of all polygons as segments (lon, lat, lon, lat)."""
    found = []
    for feature in msgspec.json.decode(document)["features"]:
        geometry = feature["geometry"]
        polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
        for polygon in polygons:
            for ring in polygon:
                line = np.asarray(ring, dtype=np.float64)[:, :2]
                found.append(np.hstack([line[:-1], line[1:]]))
    return np.vstack(found)
