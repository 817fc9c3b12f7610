"""A pytest plugin: every `tests.house.House` of the run stands on a database of its own of the server that PGHOST, PGPORT and PGPASSWORD name."""

import itertools
import os

import psycopg
import pytest

from sensing.settings import Settings
from tests import house

_NUMBERS = itertools.count()


def settings():
    """Those of a house on a new, empty database."""
    name = f"house{os.getpid()}_{next(_NUMBERS)}"
    with psycopg.connect(dbname="postgres", user="sensing", autocommit=True) as db:
        db.execute(f"CREATE DATABASE {name}")
    url = f"postgresql://sensing@{os.environ['PGHOST']}:{os.environ['PGPORT']}/{name}"
    return Settings(store={"url": url, "password_env": "PGPASSWORD"})


@pytest.fixture(autouse=True)
def _on_postgres(monkeypatch):
    monkeypatch.setattr(house, "new_settings", settings)
