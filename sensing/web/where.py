"""The little language of `where`, as feeds and pages use it: a test of one row (sensing/query/where.py)."""

from sensing.query.where import NUMBERS, WORDS, Row, Test, parse

__all__ = ["NUMBERS", "WORDS", "Row", "Test", "parse"]
