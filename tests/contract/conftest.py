"""The store under test. Another implementation has a fixture `stores` of its own beside the suite that it imports."""

import pytest

from tests.contract.stores import Files


@pytest.fixture
def stores(tmp_path):
    made = Files(tmp_path)
    yield made
    made.close()


@pytest.fixture
def opened(stores):
    """Opens the store under test, anew each time."""
    return stores.open
