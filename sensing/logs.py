"""Logs: structlog on stderr, console when a person reads, JSON when a machine does. Events read `frame_rejected`.

The correlation id from frame to commit is the frame's `place` in the log: every event about a frame carries it.
Values that look like secrets never leave: keys are matched by name, control characters are escaped.
"""

from __future__ import annotations

import logging
import sys
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
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(role=role)


def get(name: str) -> Any:
    """A logger whose events carry `part=name`."""
    return structlog.get_logger().bind(part=name)
