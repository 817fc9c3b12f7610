"""Every way a thing can go wrong, by name.

`Reason` is the closed list that dead letters and refusals carry (CONTRACT "Dead-letter and refusal reasons").
`SensingError` is the base of all we raise on purpose: it says what was wrong, what to do, and which exit code it means.
`DecodeError` is the only error an adapter may raise.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum


class Reason(StrEnum):
    """Why a frame, or a part of one, was not read. Closed: a new one is a decision, not an edit."""

    NOT_UTF8 = "not_utf8"
    BAD_START = "bad_start"
    BAD_LENGTH = "bad_length"
    BAD_CHECKSUM = "bad_checksum"
    BAD_GRAMMAR = "bad_grammar"
    BAD_NUMBER = "bad_number"
    BAD_TIME = "bad_time"
    UNKNOWN_FUNCTION = "unknown_function"
    UNSUPPORTED_VERSION = "unsupported_version"
    MISSING_KEY = "missing_key"
    MISSING_FRAGMENT = "missing_fragment"
    TOO_LARGE = "too_large"
    TOO_DEEP = "too_deep"
    UNKNOWN_ALIAS = "unknown_alias"
    NOT_JSON = "not_json"
    NO_KEY = "no_key"
    NOT_YOURS = "not_yours"
    UNKNOWN_DEVICE = "unknown_device"
    WRONG_TOPIC = "wrong_topic"
    RATE_LIMITED = "rate_limited"
    STORE_REJECTED = "store_rejected"
    PARSER_CRASH = "parser_crash"


class Exit(IntEnum):
    """Exit codes of every command (CONTRACT "Command line")."""

    OK = 0
    UNEXPECTED = 1
    USAGE = 2
    VALIDATION = 3
    NOT_FOUND = 4
    UNREACHABLE = 5
    CONFLICT = 6
    CHECK_FAILED = 7
    TIMED_OUT = 8
    INTERRUPTED = 130


class SensingError(Exception):
    """What was wrong, and what to do about it. `exit_code` is what a command ends with when nobody handles it."""

    exit_code = Exit.UNEXPECTED

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.what}; {self.hint}" if self.hint else self.what


class UsageError(SensingError):
    """The words of a command or request do not fit."""

    exit_code = Exit.USAGE


class ValidationError(SensingError):
    """A value is not acceptable; the message names the field, the value and the remedy."""

    exit_code = Exit.VALIDATION


class NotFoundError(SensingError):
    """The thing named does not exist."""

    exit_code = Exit.NOT_FOUND


class UnreachableError(SensingError):
    """The service, or a broker, does not answer."""

    exit_code = Exit.UNREACHABLE


class ConflictError(SensingError):
    """It exists already, or something else holds it."""

    exit_code = Exit.CONFLICT


class CheckFailedError(SensingError):
    """A check ran and found something wrong."""

    exit_code = Exit.CHECK_FAILED


class TimedOutError(SensingError):
    """A wait ended before what it waited for."""

    exit_code = Exit.TIMED_OUT


class DecodeError(Exception):
    """Bytes that cannot be read: the reason, a short detail with the offending value, and where they stand.

    offset, length: the bad part within the payload, in bytes; length 0 means "to the end".
    path: the member of a tree that is bad, where no offset is known yet (`adapters/_wire/json_in.where` finds it).
    """

    def __init__(
        self, reason: Reason, detail: str = "", offset: int = 0, length: int = 0, path: tuple[str | int, ...] = ()
    ) -> None:
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.reason = reason
        self.detail = detail[:200]
        self.offset = offset
        self.length = length
        self.path = path
