"""A table on the screen that is drawn again only where it has changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from textual.widgets import DataTable

Cells = Callable[[dict[str, Any]], tuple[Any, ...]]


class Listing:
    """Items by their `id`, a row each, in the order in which they are shown. The cursor stays on its item when others move, once it was moved."""

    def __init__(self, columns: Mapping[str, int], cells: Cells) -> None:
        """columns: each with its width in cells; what is longer is cut."""
        self._columns, self._cells = columns, cells
        self._drawn: dict[str, tuple[str, ...]] = {}
        self._items: dict[str, dict[str, Any]] = {}
        self._table: DataTable[Any] | None = None

    def table(self, identity: str) -> DataTable[Any]:
        """The widget, made once."""
        self._table = DataTable(id=identity, cursor_type="row", zebra_stripes=True)
        for column, width in self._columns.items():
            self._table.add_column(column, key=column, width=width)
        return self._table

    @property
    def widget(self) -> DataTable[Any]:
        """The widget. Only after `table`."""
        assert self._table is not None
        return self._table

    @property
    def chosen(self) -> dict[str, Any] | None:
        """The item under the cursor; None when there is none."""
        keys = list(self._drawn)
        row = self.widget.cursor_row
        return self._items.get(keys[row]) if 0 <= row < len(keys) else None

    def name(self, say: Callable[[str], str]) -> None:
        """Head the columns."""
        for column in self.widget.columns.values():
            column.label = type(column.label)(say(str(column.key.value)))
        self.widget.refresh()

    def show(self, items: Sequence[dict[str, Any]], changed: set[str] | None) -> None:
        """Make the table these items. changed: the only ones that may be others than before; None for any."""
        found = {str(item["id"]): item for item in items}
        if list(found) != list(self._drawn):
            self._anew(found)
            return
        self._items = found
        for identity in found if changed is None else changed.intersection(found):
            cells = self._cells(found[identity])
            texts = tuple(map(str, cells))
            for column, cell, text, before in zip(self._columns, cells, texts, self._drawn[identity], strict=True):
                if text != before:
                    self.widget.update_cell(identity, column, cell)
            self._drawn[identity] = texts

    def _anew(self, found: dict[str, dict[str, Any]]) -> None:
        table = self.widget
        chosen = self.chosen if table.cursor_row else None  # nobody has moved it: the worst one stays under it
        at = table.scroll_y
        self._items, self._drawn = found, {}
        table.clear()
        for identity, item in found.items():
            cells = self._cells(item)
            table.add_row(*cells, key=identity)
            self._drawn[identity] = tuple(map(str, cells))
        if chosen is not None and str(chosen["id"]) in found:
            table.move_cursor(row=list(found).index(str(chosen["id"])), scroll=False)
            table.scroll_to(y=at, animate=False)
