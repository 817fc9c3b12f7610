"""The tables in PostgreSQL: whoever changes them says so by a new version, for databases that are there already are upgraded by it."""

from hashlib import sha256

from sensing.store.postgres import schema

TEXTS = {2: "c306dafe8dfc5337"}
"""What each version's text is known by. A change needs a new VERSION, what it adds to old tables in ADDED, and a line here; old lines stay."""


def test_a_change_of_the_tables_is_a_new_version():
    """A database that exists is only looked at when its version is lower: a change without one would never reach it."""
    text = "\n".join((schema.WORDS, schema.TABLES, schema.VIEWS, schema.OWN, repr(schema.ADDED)))
    assert TEXTS.get(schema.VERSION) == sha256(text.encode()).hexdigest()[:16]


def test_everything_can_be_made_twice():
    """Tables and indexes that are there stay; views are made anew."""
    for text in (schema.TABLES, schema.OWN):
        made = [line for line in text.splitlines() if line.startswith("CREATE ")]
        assert len(made) > 10
        assert all(" IF NOT EXISTS " in line for line in made)
    assert schema.VIEWS.count("DROP VIEW IF EXISTS") == schema.VIEWS.count("CREATE VIEW") == 4
