"""What the command line never uses and does not load: pyarrow would load pandas wherever it is installed, which takes a second."""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from typing import Any


class _Absent(MetaPathFinder):
    """Says of modules that they are not there."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names

    def find_spec(self, name: str, _path: Any = None, _target: Any = None) -> None:
        """Nothing of its own; raises ModuleNotFoundError for what is absent."""
        if name in self._names:
            raise ModuleNotFoundError(f"{name} is not used here", name=name)


def without(*names: str) -> None:
    """Have these modules be absent in this process, unless they are loaded already."""
    sys.meta_path.insert(0, _Absent(frozenset(names)))
