"""What every test shares: seeded hypothesis, a clean environment, a free port."""

import os
import socket

import pytest
from hypothesis import settings

# `make test` must give one answer; `HYPOTHESIS_PROFILE=explore` looks for new failures.
settings.register_profile("seeded", derandomize=True, deadline=None, max_examples=60, database=None)
settings.register_profile("explore", deadline=None, max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "seeded"))


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch):
    """A setting, token or data folder of whoever runs the tests reaches none of them."""
    for name in list(os.environ):
        if name.startswith("SENSING_") and name != "SENSING_FAULTS":
            monkeypatch.delenv(name)


@pytest.fixture
def free_port():
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def quick_hashes():
    """Hashes of passwords that nobody waits for, for a whole module."""
    from sensing.registry import passwords

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "COST", (4, 8, 1))
        patch.setattr(passwords, "_nobody", [])
        yield
