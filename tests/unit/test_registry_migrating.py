"""What an upgrade leaves beside the file."""

import sqlite3
import stat
from pathlib import Path

from sensing.registry import Registry

OLD = Path(__file__).parents[1] / "data" / "registry_schema_1.sql"


def test_the_old_file_is_kept_beside_the_new(tmp_path):
    """A whole copy with the old tables, for its owner alone; opening it again makes no other."""
    path = tmp_path / "registry.db"
    old = sqlite3.connect(path)
    old.executescript(OLD.read_text("utf-8"))
    old.close()
    Registry(path, {}).close()
    Registry(path, {}).close()
    (copy,) = tmp_path.glob("*schema*")
    assert copy.name == "registry.schema-1.db"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    kept = sqlite3.connect(copy)
    assert kept.execute("SELECT schema, (SELECT count(*) FROM things) FROM changes").fetchone() == (1, 3)
    kept.close()
