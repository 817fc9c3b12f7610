"""Whether an export target is there, for `doctor`. Nothing is written to it."""

from __future__ import annotations

from sensing.settings import Export

from .line import Line, token
from .verdict import Fate

_PATIENCE_S = 5.0


def probe(target: Export) -> tuple[bool, str, str]:
    """(fine, what was found, what to do). Raises ValidationError when the token is named and not there."""
    token(target)
    if target.token_file is not None and target.token_file.stat().st_mode & 0o077:
        return False, f"others may read {target.token_file}", f"chmod 600 {target.token_file}"
    line = Line(target.model_copy(update={"timeout_s": min(_PATIENCE_S, target.timeout_s)}))
    try:
        verdict = line.ping()
    finally:
        line.close()
    if verdict.fate is not Fate.TAKEN:
        return False, f"{target.url}: {verdict.reason}", "what it has not taken waits here: start it, or correct export.url"
    return True, f"{target.url} answers", ""
