"""What ships' agents declare in a drill: the list of dangerous goods, given to the service as the CSV that people give it (`vessel cargo import`).

It goes over the service's own API under the data folder's own secret, as the run's and nobody else's: a command in the log like any other.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from .errors import UnreachableError

_TIMEOUT_S = 40.0
"""The service itself waits 30 s for work."""


def declare(data: Path, about: Mapping[str, Any], run: str, roster: Mapping[str, Any]) -> int:
    """Declare what the roster of a run says that ships carry; returns how many cargoes were taken, 0 when it says nothing.

    about: run.json of the service. Raises UnreachableError when the service does not take them.
    """
    listed = str(roster.get("cargo") or "")
    if not listed:
        return 0
    secret = (data / "admin.token").read_text("utf-8").strip()
    asked = urllib.request.Request(  # noqa: S310 our own address
        f"{about['http']}/api/cargoes?run={quote(run, safe='')}", listed.encode(),
        {"Authorization": f"Bearer {secret}", "Content-Type": "text/csv"},
    )  # fmt: skip
    try:
        with urllib.request.urlopen(asked, timeout=_TIMEOUT_S) as answer:  # noqa: S310 our own address
            told = json.load(answer)
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise UnreachableError(
            f"the ships' cargo could not be declared: {error}", "`sensing status`, and the log of web"
        ) from None
    return len(told["rows"])
