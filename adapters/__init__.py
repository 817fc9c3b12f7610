"""One field protocol a file (docs/adapters.md). A module of this folder that has a `NAME` is an adapter and is found by itself."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import cast

from sensing.ports import Adapter


def discover() -> dict[str, Adapter]:
    """Every adapter by its word in topics, in the order of the words."""
    names = sorted(module.name for module in iter_modules(__path__) if not module.name.startswith("_"))
    modules = [import_module(f"{__name__}.{name}") for name in names]
    return {module.NAME: cast("Adapter", module) for module in modules if hasattr(module, "NAME")}
