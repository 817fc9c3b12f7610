"""Tests. A package, so that no other installed `tests` is found in its place."""
