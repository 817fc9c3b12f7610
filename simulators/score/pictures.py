"""The report's pictures: what five stations saw of rain, stage, tide and wind, and how the service did. PNG, drawn without a screen.

A line is the truth; crosses are values that the service flagged. Text is English unless a font with Chinese is installed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

mpl.use("Agg")

from matplotlib import font_manager
from matplotlib import pyplot as plt

from sensing.model import Quality
from sensing.times import BEIJING, to_datetime

from .tables import Column, Picture

STATIONS = 5
_CJK = ("Noto Sans CJK SC", "Source Han Sans SC", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei", "Noto Sans SC", "PingFang SC", "SimHei",
        "Microsoft YaHei", "Heiti SC", "Droid Sans Fallback")  # fmt: skip
_POINTS = 4000
_DRILL = "DRILL"


def chinese() -> str | None:
    """A font of this machine that has Chinese; None when there is none."""
    known = {font.name for font in font_manager.fontManager.ttflist}
    return next((name for name in _CJK if name in known), None)


def storm(path: Path, picture: Picture, title: str) -> bool:
    """Rain, stage, tide and wind of the five stations that had most of each; False when nobody measured any."""
    panels = [(label, found) for label, wanted, rank in _PANELS if (found := _strongest(picture, wanted, rank))]
    if not panels:
        return False
    with mpl.rc_context(_style()):
        figure, axes = plt.subplots(len(panels), 1, figsize=(11, 2.6 * len(panels) + 0.8), sharex=True, squeeze=False)
        for axis, (label, found) in zip(axes[:, 0], panels, strict=True):
            for number in found:
                _draw(axis, picture, number)
            axis.set_ylabel(_word(*label))
            axis.legend(loc="upper left", fontsize=7, ncols=STATIONS)
            axis.grid(alpha=0.3)
        figure.suptitle(f"{_word('演练 ', '')}{_DRILL}  {title}")
        figure.autofmt_xdate()
        figure.tight_layout()
        figure.savefig(path, dpi=110)
        plt.close(figure)
    return True


def marks(path: Path, result: Mapping[str, Any]) -> None:
    """Recall and precision by kind, lead times of events, and where every frame went."""
    with mpl.rc_context(_style()):
        figure, (quality, events, books) = plt.subplots(3, 1, figsize=(11, 10))
        kinds = list(result["quality"])
        places = np.arange(len(kinds))
        for offset, name, colour in ((-0.2, "recall", "#2166ac"), (0.2, "precision", "#b2772e")):
            heights = [result["quality"][kind][name] or 0.0 for kind in kinds]
            quality.bar(
                places + offset, heights, 0.38, label=_word({"recall": "查全率", "precision": "查准率"}[name], name), color=colour
            )
            for place, kind, height in zip(places, kinds, heights, strict=True):
                value = result["quality"][kind][name]
                quality.text(place + offset, height + 0.02, "-" if value is None else f"{value:.2f}", ha="center", fontsize=7)
        quality.set_xticks(places, kinds)
        quality.set_ylim(0, 1.3)
        quality.legend(loc="upper right", ncols=2)
        quality.set_title(_word("质量标记：按故障种类", "Quality flags by kind of fault"))
        _leads(events, result["events"])
        _books(books, result["ledger"])
        figure.suptitle(f"{_word('演练 ', '')}{_DRILL}  {result['run']}")
        figure.tight_layout()
        figure.savefig(path, dpi=110)
        plt.close(figure)


def _leads(axis: Any, events: Mapping[str, Any]) -> None:
    rows = sorted((row for row in events["list"] if row["lead_time_s"] is not None), key=lambda row: -row["lead_time_s"])[:20]
    axis.barh(
        [f"{row['device']} {row['channel'] or row['kind']} {row['id'][:4]}" for row in rows],
        [row["lead_time_s"] / 60 for row in rows],
        color="#5aae61",
    )
    axis.set_title(
        _word("从报警到真值越过危险水位的提前量（分钟）", "Lead from the alarm to the danger level of the truth, minutes")
    )
    axis.tick_params(axis="y", labelsize=7)
    if not rows:
        axis.text(0.5, 0.5, _word("没有到危险级的事件", "no event reached danger"), ha="center", transform=axis.transAxes)


def _books(axis: Any, ledger: Mapping[str, Any]) -> None:
    names = [name for name in ("received", "decoded", "silent", "pending", "dead_lettered", "quarantined", "readings", "stored",
                               "duplicate", "revised", "unmapped") if name in ledger]  # fmt: skip
    counts = [max(0, ledger[name]) for name in names]
    axis.bar(names, counts, color="#888888")
    axis.set_yscale("symlog")
    for place, count in enumerate(counts):
        axis.text(place, count, f"{count:,}", ha="center", va="bottom", fontsize=7)
    mark = _word("平衡", "balanced") if ledger.get("balanced") else _word("不平衡", "NOT BALANCED")
    axis.set_title(f"{_word('账本', 'Ledger')}: {mark}")
    axis.tick_params(axis="x", labelrotation=30)


def _is_tide(device: Mapping[str, Any]) -> bool:
    return any(word in f"{device['kind']} {device['type']}" for word in ("tide", "coast"))


def _is_river(device: Mapping[str, Any]) -> bool:
    return "river" in f"{device['kind']} {device['type']}"


_Wanted = Callable[[Mapping[str, Any], str, str], bool]
_PANELS: tuple[tuple[tuple[str, str], _Wanted, Callable[[Column], float]], ...] = (
    (("雨量 mm/次", "rain, mm a report"),
     lambda _, name, statistic: name == "rainfall" and statistic.startswith("sum/PT"), lambda values: float(np.sum(values))),
    (("河道水位 m", "river stage, m"), lambda device, name, _: name == "water_level" and _is_river(device), lambda values: float(np.ptp(values))),
    (("潮位 m", "sea level, m"), lambda device, name, _: name == "water_level" and _is_tide(device), lambda values: float(np.max(values))),
    (("风速 m/s", "wind, m/s"), lambda _, name, statistic: name == "wind_speed" and not statistic.startswith("max"), lambda values: float(np.max(values))),
)  # fmt: skip


def _strongest(picture: Picture, wanted: _Wanted, rank: Callable[[Column], float]) -> list[int]:
    """Numbers of the series that had most of it, one a place."""
    numbers = [
        number for number, (device, name, statistic, _) in enumerate(picture.series)
        if device in picture.devices and wanted(picture.devices[device], name, statistic)
    ]  # fmt: skip
    rows = np.nonzero(np.isin(picture.said.series, numbers) & ~np.isnan(picture.said.result))[0]
    if not len(rows):
        return []
    rows = rows[np.argsort(picture.said.series[rows], kind="stable")]
    found, starts = np.unique(picture.said.series[rows], return_index=True)
    pieces = np.split(picture.said.result[rows], starts[1:])
    best = sorted(
        ((rank(piece), -int(number)) for number, piece in zip(found, pieces, strict=True) if len(piece) > 1), reverse=True
    )
    seen: dict[tuple[float, float], int] = {}
    for _, number in best:
        device = picture.devices[picture.series[-number][0]]
        seen.setdefault((round(device["lat"], 2), round(device["lon"], 2)), -number)
    return list(seen.values())[:STATIONS]


def _draw(axis: Any, picture: Picture, number: int) -> None:
    said = picture.said
    places = np.nonzero(said.series == number)[0]
    places = places[np.argsort(said.time[places], kind="stable")]
    line = places[:: max(1, len(places) // _POINTS)]
    drawn = axis.plot(_local(said.time[line]), said.result[line], linewidth=1, label=picture.series[number][0])
    theirs = picture.row[places]
    theirs = theirs[theirs >= 0]
    bad = theirs[np.isin(picture.rows.quality[theirs], [int(Quality.SUSPECT), int(Quality.FAIL)])]
    low, high = np.nanmin(said.result[places]), np.nanmax(said.result[places])
    room = max(high - low, 0.1)
    shown = np.clip(picture.rows.result[bad], low - room, high + room)
    begin, end = said.time[places[0]], said.time[places[-1]]
    inside = (picture.rows.time[bad] >= begin) & (picture.rows.time[bad] <= end)
    axis.plot(_local(picture.rows.time[bad][inside]), shown[inside], "x", markersize=4, color=drawn[0].get_color())


def _local(times: Column) -> list[Any]:
    """City time without a zone: pictures are read by people."""
    return [to_datetime(int(time)).astimezone(BEIJING).replace(tzinfo=None) for time in times]


def _style() -> Any:
    font = chinese()
    return {"font.family": [font, "DejaVu Sans"] if font else ["DejaVu Sans"], "axes.unicode_minus": False}


def _word(zh: str, en: str) -> str:
    return f"{zh} {en}".strip() if chinese() else en
