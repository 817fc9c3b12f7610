"""A registry that an older program made: brought up to date whole or not at all, with everything in it."""

import re
from pathlib import Path

import pytest
from sqlalchemy import MetaData, inspect

from sensing.audit import Actor
from sensing.errors import UnreachableError
from sensing.registry import DeviceForm, Registry, RegistryDirectory, RegistryGatekeeper, engines, migrations, schema
from tests.contract.registry.conftest import TYPES

OLD = Path(__file__).parents[2] / "data" / "registry_schema_1.sql"
ENGINEER = Actor("wang", "10.0.0.7")
RETIRED = 1_780_000_180_000_000


@pytest.fixture
def old(where):
    """A database with the tables and rows of schema 1."""
    engine = engines.opened(where, writes=True)
    text = OLD.read_text("utf-8")
    if not engines.is_sqlite(engine):
        text = text.replace("BLOB", "BYTEA").replace("X'", "'\\x").replace("seq INTEGER", "seq BIGINT")
    with engines.connect(engine, "write") as connection, connection.begin():
        for statement in re.split(r";\n", text):
            if statement.strip() and not re.match(r"PRAGMA|BEGIN|COMMIT", statement.strip()):
                connection.exec_driver_sql(statement.replace("%", "%%") if "psycopg" in engine.dialect.driver else statement)
    engine.dispose()
    return where


def test_tables_are_those_that_a_new_registry_has(old):
    """Nothing is missing and nothing is left over: alembic finds no difference to today's tables."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    registry = Registry(old, TYPES)
    today = MetaData()
    for tables in schema.EVERY:
        for table in tables.sorted_tables:
            table.to_metadata(today)
    with registry.database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, today) == []
        found = inspect(connection)
        for name, table in today.tables.items():
            assert {each["name"] for each in found.get_indexes(name)} >= {index.name for index in table.indexes}
            nullable = {each["name"]: each["nullable"] for each in found.get_columns(name)}
            assert nullable == {column.name: bool(column.nullable) for column in table.columns}
    registry.close()


def test_everything_is_still_there(old):
    """Devices, configurations, audit and what was retired; things are numbered in the order of their registration."""
    registry = Registry(old, TYPES)
    assert [device.id for device in registry.list_devices()] == ["box-2", "gauge-1"]
    gauge = registry.show_device("gauge-1")
    assert [(each.generation, each.zero) for each in gauge.configs] == [(0, 3.5), (1, 3.7)]
    assert [registry.show_device(name).uid for name in ("gauge-1", "box-1", "box-2")] == [1, 2, 3]
    assert registry.first_bad_audit_line() is None
    assert registry.version() > 8
    registry.register_device(DeviceForm.read({"id": "new-1", "type": "vendor-a"}), actor=ENGINEER)
    assert registry.show_device("new-1").uid == 4
    directory = RegistryDirectory(old, TYPES)
    assert directory.find("plainjson", "n-1").id == "box-2"
    assert directory.find("plainjson", "n-1", RETIRED - 1).id == "box-1"
    directory.close()
    registry.close()


def test_readers_say_that_it_is_too_old(old):
    """Door and work start only on tables that they know; once web has been there, they do."""
    for reader in (lambda: RegistryDirectory(old, TYPES), lambda: RegistryGatekeeper(old)):
        with pytest.raises(UnreachableError, match=rf"has schema 1, this program needs {schema.SCHEMA}"):
            reader()
    Registry(old, TYPES).close()
    RegistryDirectory(old, TYPES).close()


def test_a_step_that_fails_leaves_everything_as_it_was(old, monkeypatch):
    """All steps are one transaction: after a crash in the last the next try begins at the first."""

    def crash(_op):
        raise RuntimeError("power cut")

    steps = dict(migrations._STEPS)
    monkeypatch.setitem(migrations._STEPS, schema.SCHEMA, crash)
    with pytest.raises(RuntimeError):
        Registry(old, TYPES)
    engine = engines.opened(old, writes=False)
    with engines.connect(engine, "read") as connection, connection.begin():
        assert connection.exec_driver_sql("SELECT schema FROM changes").scalar() == 1
        assert not inspect(connection).has_table("site")
    engine.dispose()
    monkeypatch.setitem(migrations._STEPS, schema.SCHEMA, steps[schema.SCHEMA])
    registry = Registry(old, TYPES)
    assert registry.count_devices() == 2
    registry.close()


def test_every_schema_has_its_step():
    """From the oldest to today's without a gap."""
    assert sorted(migrations._STEPS) == list(range(migrations.OLDEST + 1, schema.SCHEMA + 1))
