"""Counters and gauges of one process, in Prometheus text. Counters are named `sensing_<noun>_<verb>_total`.

A role writes its numbers to `DATA/run/<role>.prom` once a second; web joins the files for `/metrics`,
so that scraping reaches no other process and a dead role's numbers stay visible with their age.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

_Key = tuple[str, tuple[tuple[str, str], ...]]


class Metrics:
    """Numbers of one process. Not thread-safe for one key written by two threads."""

    def __init__(self) -> None:
        self._numbers: dict[_Key, float] = defaultdict(float)

    def count(self, name: str, by: float = 1, **labels: str) -> None:
        """Add to a counter."""
        self._numbers[name, tuple(sorted(labels.items()))] += by

    def set(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge."""
        self._numbers[name, tuple(sorted(labels.items()))] = value

    def get(self, name: str, **labels: str) -> float:
        """The number now; 0 when it was never touched."""
        return self._numbers.get((name, tuple(sorted(labels.items()))), 0)

    def text(self) -> str:
        """Prometheus text exposition format 0.0.4."""
        lines: list[str] = []
        last = ""
        for (name, labels), value in sorted(self._numbers.items()):
            if name != last:
                lines.append(f"# TYPE {name} {'counter' if name.endswith('_total') else 'gauge'}")
                last = name
            inside = ",".join(f'{key}="{_escape(text)}"' for key, text in labels)
            lines.append(f"{name}{{{inside}}} {_number(value)}" if inside else f"{name} {_number(value)}")
        return "\n".join(lines) + "\n" if lines else ""

    def write(self, path: Path) -> None:
        """Replace a file with the text, whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".tmp")
        temporary.write_text(self.text(), "utf-8")
        temporary.replace(path)


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)
