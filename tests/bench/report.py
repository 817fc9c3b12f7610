"""From rows of rounds to best and median, ratios, floors and tables. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any

from tests.bench.parts import FLOORS, PARTS, Floor, Part, Row

BASELINES = ("paho", "hand")
Rounds = Mapping[str, Sequence[Sequence[Row]]]
"""By part: for each round, its rows."""


def cases(part: Part, rounds: Sequence[Sequence[Row]]) -> dict[str, dict[str, Any]]:
    """By case: {best: the row of the best round, median: of the part's own column, rounds: every row}."""
    found: dict[str, list[Row]] = {}
    for rows in rounds:
        for row in rows:
            found.setdefault(str(row["case"]), []).append(row)
    choose = min if part.least else max
    return {
        case: {"best": choose(rows, key=lambda row: row[part.best]), "median": median(row[part.best] for row in rows), "rounds": rows}
        for case, rows in found.items()
    }  # fmt: skip


def ratios(rounds: Rounds, over: str) -> dict[str, dict[str, float]]:
    """By case, door over a baseline, of the rounds that both ran.

    best: each one's best round, so that a round that something else disturbed flatters neither. median, least: of the rounds' own ratios.
    """
    found: dict[str, list[tuple[float, float]]] = {}
    for ours, theirs in zip(rounds.get("door", ()), rounds.get(over, ()), strict=False):
        beside = {row["case"]: row["messages_s"] for row in theirs}
        for row in ours:
            found.setdefault(row["case"], []).append((row["messages_s"], beside[row["case"]]))
    return {case: _ratio(pairs) for case, pairs in found.items()}


def _ratio(pairs: Sequence[tuple[float, float]]) -> dict[str, float]:
    each = [ours / theirs for ours, theirs in pairs]
    best = max(ours for ours, _ in pairs) / max(theirs for _, theirs in pairs)
    return {"best": best, "median": median(each), "least": min(each)}


def floors(rounds: Rounds) -> list[dict[str, Any]]:
    """Every floor whose parts were run: {text, case, best, median, floor, met} by the best round."""
    return [told for floor in FLOORS for told in _floor(floor, rounds)]


def _floor(floor: Floor, rounds: Rounds) -> Iterator[dict[str, Any]]:
    for case, (best, middle) in _reached(floor, rounds).items():
        if case.endswith(floor.cases):
            met = best <= floor.value if floor.most else best >= floor.value
            told = {"text": floor.text, "case": case, "best": best, "median": middle}
            yield told | {"floor": floor.value, "most": floor.most, "met": met}


def _reached(floor: Floor, rounds: Rounds) -> dict[str, tuple[float, float]]:
    """By case, the best and the median of what a floor is about."""
    if floor.over:
        return {case: (ratio["best"], ratio["median"]) for case, ratio in ratios(rounds, floor.over).items()}
    values: dict[str, list[float]] = {}
    for row in (row for rows in rounds.get(floor.part, ()) for row in rows if floor.column in row):
        values.setdefault(row["case"], []).append(row[floor.column])
    choose = min if floor.most else max
    return {case: (choose(many), median(many)) for case, many in values.items()}


def wrong(rounds: Rounds) -> list[str]:
    """Rows in which something was lost, doubled or invented: never a matter of speed."""
    each = ((name, row) for name, found in rounds.items() for rows in found for row in rows)
    return [f"{name} {row['case']}: {dict(row)}" for name, row in each if not PARTS[name].exact(row)]


def tables(rounds: Rounds) -> Iterator[str]:
    """Lines to print."""
    for name, found in rounds.items():
        part = PARTS[name]
        yield f"\n{part.title}  [{name}, best of {len(found)}]"
        heads = ["", *(head for _, head, _ in part.columns), "median"]
        decimals = next(places for key, _, places in part.columns if key == part.best)
        yield from _aligned(heads, [_line(part, case, told, decimals) for case, told in cases(part, found).items()])
    for over in BASELINES:
        if not (found_ratios := ratios(rounds, over)):
            continue
        yield f"\ndoor / {over}, messages/s: best over best, and of each round"
        yield from _aligned(["", "best", "median", "least"], [
            [case, *(_number(ratio[key], 2) for key in ("best", "median", "least"))] for case, ratio in found_ratios.items()])  # fmt: skip
    if told_floors := floors(rounds):
        yield "\nfloors (told, not asserted)"
        yield from _aligned(["", "", "best", "median", "floor", ""], [
            [one["text"], one["case"], _number(one["best"], 2), _number(one["median"], 2),
             f"{'<=' if one['most'] else '>='} {one['floor']:g}", "ok" if one["met"] else "NOT MET"] for one in told_floors])  # fmt: skip


def _line(part: Part, case: str, told: Mapping[str, Any], decimals: int) -> list[str]:
    cells = [_number(told["best"].get(key), places) for key, _, places in part.columns]
    return [case, *cells, _number(told["median"], decimals)]


def _number(value: float | None, decimals: int) -> str:
    return "" if value is None else f"{value:,.{decimals}f}"


def _aligned(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(cell) for cell in column) for column in zip(heads, *rows, strict=True)]
    for row in (heads, *rows):
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        yield "  " + "  ".join(cells).rstrip()
