"""Words of the terminal in the language that is shown; `l` changes it while it runs."""

from __future__ import annotations

from sensing import properties
from sensing.cli.words import LANGUAGES, entry, language


class Text:
    """One language at a time."""

    def __init__(self) -> None:
        self.language = language()

    def __call__(self, table: str, key: str) -> str:
        """An entry of a table of config/words.toml; the key itself when there is none."""
        found = entry(table, key)
        return key if found is None else str(found[self.language])

    def datastream(self, key: str) -> str:
        """A datastream's key (docs/live.md) to read: the property's name, then statistic and channel where they say something."""
        name, _, rest = key.partition("|")
        kept = properties.get(name)
        label = name if kept is None else str(getattr(kept, f"name_{self.language}") or name)
        return " ".join((label, *(word for word in rest.split("|") if word and word != "instant")))

    def turn(self) -> None:
        """The other language."""
        self.language = LANGUAGES[1 - LANGUAGES.index(self.language)]
