"""What a data folder has before anything else runs in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sensing.access import Role, authenticate_token
from sensing.audit import KEY_FILE
from sensing.model import Micros
from sensing.times import now

from .engines import FILE as FILE  # noqa: PLC0414 callers have always found it here
from .engines import Where
from .registry import Registry
from .tokens import read_admin_token, write_admin_token

TOKEN_FILE = "admin.token"  # noqa: S105 - the name of a file


def bootstrap(data: Path, types: Mapping[str, Any], clock: Callable[[], Micros] = now, where: Where | None = None) -> Registry:
    """The registry of a data folder, made with its admin token (`admin.token`, mode 0600) on the first run.

    The file rules: after a restore, or when it was deleted, the registry takes the token that is in it now. where: when it is not the file of
    the folder; then every folder that shares it needs the same `admin.token` and `audit.key`.
    """
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    registry = Registry(data / FILE if where is None else where, types, clock)
    registry.seal_audit(data / KEY_FILE)
    path = data / TOKEN_FILE
    text = read_admin_token(path)
    if text is None:
        path.unlink(missing_ok=True)
        text = write_admin_token(path)
    identity = authenticate_token(registry, text)
    if identity is None or identity.role is not Role.ADMIN:
        registry.adopt_admin_token(text)
    return registry
