"""How far a run is: a bar on stderr for people at a terminal, nothing for a pipe."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from .words import phrase, zone

if TYPE_CHECKING:
    from sensing.storms import Told


class Progress:
    """Use it in `with`; `show` is told how a run stands."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn

            self._bar = Progress(
                TextColumn("▲ {task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}% {task.fields[more]}"),
                console=Console(stderr=True), transient=True,
            )  # fmt: skip
            self._bar.start()
            self._task = self._bar.add_task(phrase("run_phase", "cast"), total=None, more="")
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, told: Told) -> None:
        """Draw how it stands: virtual time, frames, lag, ratio to real time."""
        if self._bar is None:
            return
        from sensing import times

        more = ""
        if told.time:
            local = times.to_datetime(told.time).astimezone(zone()).strftime("%m-%d %H:%M")
            more = f"{local} · {told.sent:,} · {told.ratio:,.0f}x" + (f" · -{told.behind:,}" if told.behind else "")
        self._bar.update(
            self._task, description=phrase("run_phase", told.phase), total=max(1, told.end - told.begin) if told.end else None,
            completed=max(0, told.time - told.begin), more=more,
        )  # fmt: skip
