"""A whole HJ 212 message to what it says, and the answer that its frame is owed.

    QN=<the same>;ST=91;CN=9014;PW=<the same>;MN=<the same>;Flag=<version only>;CP=&&&&

Data that want an answer (Flag bit 0) get 9014, each part its own; notices (alarm of 2005, clock request, heartbeat) 9013. Requests
(9011, 9012 answer those) are the centre's to send: seen upward they are named and not answered.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from sensing.errors import DecodeError, Reason
from sensing.model import Reading, WireFact
from sensing.times import rfc3339

from .hj212_codes import ANSWERS, BOOT, CONTROLS, MINUTES, REPORTS, Dialect, Rules, rules_of
from .hj212_fields import read, stated
from .hj212_frame import Telegram, sealed
from .hj212_times import instant, moment

_DAY_MINUTES = 1440


class Message(Struct, gc=False):
    """What one message says."""

    readings: list[Reading]
    facts: list[WireFact]
    control: str | None = None


def understand(telegram: Telegram, settings: Mapping[str, Any]) -> Message:
    """The message of a telegram that is whole. Raises DecodeError unknown_function, bad_grammar, bad_time, unsupported_version."""
    cn = telegram.cn
    if telegram.version > 2:
        raise DecodeError(Reason.UNSUPPORTED_VERSION, f"Flag={telegram.flag} is version {telegram.version}; 0 to 2 are known")
    if cn not in CONTROLS:
        raise DecodeError(Reason.UNKNOWN_FUNCTION, f"CN={cn}")
    sent = moment(telegram.qn) or 0 if telegram.qn else 0
    if cn in REPORTS:
        readings, facts = read(telegram.cp, _rules(telegram, settings), telegram.mn, sent)
        return Message(readings, facts, None if readings else CONTROLS[cn])
    return Message([], _boot(telegram) if cn == BOOT else [], CONTROLS[cn])


def _rules(telegram: Telegram, settings: Mapping[str, Any]) -> Rules:
    if not settings:
        return rules_of(Dialect(telegram.st, telegram.cn))
    minutes, units = settings.get("minutes"), settings.get("units")
    length = minutes if isinstance(minutes, int) and 1 <= minutes <= _DAY_MINUTES else MINUTES
    named = tuple((str(key), str(unit)) for key, unit in units.items()) if isinstance(units, Mapping) else ()
    return rules_of(Dialect(telegram.st, telegram.cn, length, settings.get("period_rule") == "end", named))


def _boot(telegram: Telegram) -> list[WireFact]:
    """2081: when the data logger was started."""
    text = stated(telegram.cp)
    told = instant(text) if text else None
    _, _, rest = telegram.cp.partition("RestartTime=")
    started = moment(rest.partition(";")[0].strip()) if rest else None
    return [] if started is None else [WireFact(telegram.mn, "restarted", rfc3339(started), told or started)]


def answer(telegram: Telegram) -> bytes | None:
    """The answer to a frame that was read; None when none is owed."""
    flag = telegram.flag
    if flag is None or not flag & 1 or (owed := ANSWERS.get(telegram.cn)) is None:
        return None
    qn = f"QN={telegram.qn};" if telegram.qn else ""
    return sealed(f"{qn}ST=91;CN={owed};PW={telegram.pw};MN={telegram.mn};Flag={flag & 0xFC};CP=&&&&")
