"""Reading a run's truth, for the score and nobody else (simulators.truth writes it)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sensing.errors import NotFoundError

from .truth import COLUMNS


class TruthReader:
    """What a run's truth says, for the score. Raises NotFoundError for a run that left none, or none that can be read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self.about: dict[str, Any] = json.loads((folder / "run.json").read_text("utf-8"))
            self.devices = {row["id"]: row for row in self._lines("devices.ndjson")}
            self.faults = self._lines("faults.ndjson")
        except FileNotFoundError as missing:
            raise NotFoundError(
                f"{missing.filename} is not there", "only a run of `storm run` leaves a truth to score by"
            ) from None

    def _lines(self, name: str) -> list[dict[str, Any]]:
        with (self.folder / name).open(encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]

    def marks(self) -> Any:
        """The table frame, mark, fate, adapter of a run that kept it. Raises NotFoundError."""
        import pyarrow.parquet as pq

        try:
            return pq.read_table(self.folder / "frames.parquet")
        except FileNotFoundError as missing:
            raise NotFoundError(f"{missing.filename} is not there", "was the run killed?") from None

    def values(self) -> Iterator[Any]:
        """Arrow record batches of COLUMNS; words are dictionary arrays."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = self.folder / "values.parquet"
        try:
            file = pq.ParquetFile(path, read_dictionary=list(COLUMNS[:5]))
        except (OSError, pa.ArrowInvalid) as error:
            raise NotFoundError(f"{path}: {error}", "was the run killed? only one that ended can be scored") from None
        with file:
            yield from file.iter_batches(batch_size=1 << 20)
