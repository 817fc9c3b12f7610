"""What ships' agents send before a call: the list of dangerous goods aboard, as the CSV that `vessel cargo import` takes. A way in, not the truth.

Only what is dangerous is declared, one row a call, dated by its arrival; the last port of the seed story's ship is known, of others it is not said.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from sensing.times import rfc3339

from .record import PortCall
from .ships import SEED_SHIP

LAST_PORT = "Busan 釜山"
"""Where the seed story's ship comes from."""
CHINESE = {
    "crude oil": "原油", "naphtha": "石脑油", "diesel": "柴油", "fuel oil": "燃料油", "para-xylene": "对二甲苯", "styrene": "苯乙烯", "methanol": "甲醇",
    "benzene": "苯", "vinyl acetate": "醋酸乙烯",
}  # fmt: skip
"""What is dangerous of `trade.CARGOES`, as people here write it."""
_HEADER = ("MMSI", "船名", "上一港", "UN编号", "货名", "吨数", "预抵时间")


def cargo_list(calls: Iterable[PortCall]) -> str:
    """The list, its header first; only that when nothing is dangerous. A call in several stays is declared once, with all that it works."""
    tonnes: dict[tuple[int, str, int, str, str], float] = {}
    for call in calls:
        if call.un_number is not None:
            arrival = call.berthed if call.arrived is None else call.arrived
            key = (call.mmsi, call.name, call.un_number, call.cargo, rfc3339(arrival))
            tonnes[key] = tonnes.get(key, 0.0) + call.tonnes
    out = io.StringIO(newline="")
    rows = csv.writer(out)
    rows.writerow(_HEADER)
    for (mmsi, name, un, goods, when), weight in tonnes.items():
        rows.writerow(
            (mmsi, name, LAST_PORT if mmsi == SEED_SHIP.mmsi else "", un, f"{CHINESE[goods]} {goods}", f"{weight:g}", when)
        )
    return out.getvalue()
