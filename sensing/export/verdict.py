"""What a target's answer means for what was sent. Every answer is one of a few verdicts; nothing is ever dropped for want of patience.

2xx                 TAKEN      the points are there
400 422             REFUSED    some point is not wanted: halve until it is found (a partial write took the others; again is harmless)
413                 TOO_LARGE  send less at a time
401 403             BARRED     pause loudly: a person must mend the token or its rights
404, 3xx, other 4xx LOST       the address, bucket or organisation is wrong, or not made yet: pause loudly
408 429 5xx         LATER      wait, as long as Retry-After says
no answer           SILENT     wait; it may have been applied, which is harmless. The server may have lost its last seconds
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Any

from msgspec import Struct

LONGEST_S = 30.0
FIRST_S = 0.5
_MOST_PATIENCE_S = 600.0
"""Retry-After beyond this is cut: a person may have mended the server meanwhile."""
_REASON = 300


class Fate(Enum):
    """What to do next."""

    TAKEN = "taken"
    REFUSED = "refused"
    TOO_LARGE = "too_large"
    BARRED = "barred"
    LOST = "lost"
    LATER = "later"
    SILENT = "silent"


class Verdict(Struct, frozen=True):
    """status: of HTTP; 0 for none. wait_s: what the server asked for; None leaves it to us. anew: it came on a new connection."""

    fate: Fate
    status: int = 0
    reason: str = ""
    wait_s: float | None = None
    anew: bool = False


def judge(status: int, headers: Mapping[str, str], body: str, *, anew: bool = False) -> Verdict:
    """The verdict on an answer of HTTP."""
    return Verdict(_fate(status), status, reason(body) or f"status {status}", retry_after(headers), anew)


def _fate(status: int) -> Fate:
    if 200 <= status < 300:
        return Fate.TAKEN
    if status in {400, 422}:
        return Fate.REFUSED
    if status == 413:
        return Fate.TOO_LARGE
    if status in {401, 403}:
        return Fate.BARRED
    if status in {408, 425, 429} or status >= 500:
        return Fate.LATER
    return Fate.LOST


def reason(body: str) -> str:
    """The server's own words: InfluxDB 2 `{"message": ...}`, InfluxDB 3 `{"error": ..., "data": [{"error_message"}]}`, or the text."""
    try:
        said: Any = json.loads(body)
    except ValueError:
        said = None
    text = body
    if isinstance(said, Mapping):
        data = said.get("data")
        first = data[0] if isinstance(data, list) and data else data
        detail = first.get("error_message") if isinstance(first, Mapping) else None
        text = str(detail or said.get("message") or said.get("error") or body)
    return " ".join(text.split())[:_REASON]


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asks for (RFC 9110, 10.2.3: a number or a date); None when it asks for nothing readable."""
    text = next((value for key, value in headers.items() if key.lower() == "retry-after"), "").strip()
    if text.isascii() and text.isdigit():
        return min(_MOST_PATIENCE_S, float(text))
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return min(_MOST_PATIENCE_S, max(0.0, (until - datetime.now(UTC)).total_seconds())) if until.tzinfo else None


def backoff(failures: int, longest_s: float = LONGEST_S) -> float:
    """Seconds before the next try: doubling, half of it at random, so that many senders do not come at once."""
    return min(longest_s, FIRST_S * 2.0 ** min(failures, 10)) * random.uniform(0.5, 1.0)
