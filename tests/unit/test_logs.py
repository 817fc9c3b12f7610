"""Logs: secrets never leave, one line an event, and a full disk under them stops nobody."""

import json
import sys

import pytest
import structlog

from sensing import logs


@pytest.fixture(autouse=True)
def _configured():
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def test_loggers_made_before_setup_obey_it(capsys):
    """Modules make their loggers at import; what `setup` says later holds for them."""
    log = logs.get("work")
    logs.setup("work")
    log.info("frame_rejected", frame=7, password="hunter2", text="a\nb")
    said = json.loads(capsys.readouterr().err)
    assert (said["role"], said["part"]) == ("work", "work")
    assert (said["event"], said["frame"], said["password"], said["text"]) == ("frame_rejected", 7, "***", "a\\nb")


def test_a_full_disk_under_the_log_stops_nobody(monkeypatch):
    """Writing a line may fail; the process goes on."""

    class Full:
        def write(self, _text):
            raise OSError(28, "No space left on device")

        def flush(self):
            raise OSError(28, "No space left on device")

        def isatty(self):
            return False

    logs.setup("work")
    monkeypatch.setattr(sys, "stderr", Full())
    logs.get("work").error("batch_refused")
