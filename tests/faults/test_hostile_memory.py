"""Hostile payloads again, each of them under the eye of tracemalloc (tests/property has the clock, and an eighth of these)."""

import pytest

from tests.property.test_hostile import CASES, greedy


@pytest.mark.slow
@pytest.mark.parametrize(("name", "settings"), CASES)
def test_no_hostile_payload_takes_much_memory(name, settings):
    """At most 10 MB beyond the readings that are returned, whatever the 64 KiB say."""
    assert greedy(name, settings) == {}
