"""Logs: structlog on stderr, console when a person reads, JSON when a machine does. Events read `frame_rejected`.

The correlation id from frame to commit is the frame's `place` in the log: every event about a frame carries it.
Values that look like secrets never leave: keys are matched by name, control characters are escaped.
"""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
from collections.abc import MutableMapping
from typing import Any

import structlog

_SECRET = ("password", "token", "secret", "authorization", "cookie", "key_hex")


def _redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if any(word in key for word in _SECRET):
            event[key] = "***"
        elif isinstance(value, str) and not value.isprintable():
            event[key] = value.encode("unicode_escape").decode("ascii")
    return event


class _Printer:
    """Prints to stderr. A full disk under the log file must not stop the process that reports it."""

    def __init__(self, *_name: Any) -> None:
        self._lock = threading.Lock()

    def msg(self, message: str) -> None:
        """Print one line, or lose it."""
        with self._lock, contextlib.suppress(OSError, ValueError):
            print(message, file=sys.stderr, flush=True)

    debug = info = warning = warn = error = critical = exception = log = fatal = failure = err = msg


if not structlog.is_configured():  # a command that never says `setup`, or a program of somebody else: stdout is for answers
    structlog.configure(logger_factory=_Printer)


def setup(role: str, level: str = "info") -> None:
    """Configure logging for a process of this role."""
    console = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _redact,
            structlog.dev.ConsoleRenderer() if console else structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=_Printer,
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(role=role)


def get(name: str) -> Any:
    """A logger whose events carry `part=name`."""
    return structlog.get_logger(part=name)  # lazy: bind() here would fix the configuration before `setup` has run
