"""Where shipped data lies."""

from __future__ import annotations

from importlib import resources
from pathlib import Path


def config_dir() -> Path:
    """The folder of shipped data: `config/` of the checkout, or `sensing/_config` of the installed wheel."""
    packaged = Path(str(resources.files("sensing"))) / "_config"
    return packaged if packaged.is_dir() else Path(__file__).resolve().parent.parent / "config"
