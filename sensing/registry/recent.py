"""A bounded memory of answers that keeps what was asked for lately: two generations of dicts, so that a hit costs one look-up."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Recent(Generic[Key, Value]):
    """At most `capacity` answers, of which the more recently used half is never forgotten. `young` may be read directly."""

    def __init__(self, capacity: int) -> None:
        self._half = max(1, capacity // 2)
        self.young: dict[Key, Value] = {}
        self._old: dict[Key, Value] = {}

    def __len__(self) -> int:
        return len(self.young) + len(self._old)

    def get(self, key: Key) -> Value | None:
        """The answer, which counts as used; None when it is not remembered."""
        found = self.young.get(key)
        if found is None and (found := self._old.pop(key, None)) is not None:
            self.put(key, found)
        return found

    def put(self, key: Key, value: Value) -> None:
        if len(self.young) >= self._half and key not in self.young:
            self._old, self.young = self.young, {}
        self._old.pop(key, None)
        self.young[key] = value

    def drop(self, key: Key) -> None:
        self.young.pop(key, None)
        self._old.pop(key, None)

    def clear(self) -> None:
        self.young.clear()
        self._old.clear()
