"""Urban Sensing: readings that arrive, are understood, checked, stored once and never lost."""

__version__ = "0.1.0"
