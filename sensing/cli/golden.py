"""The golden test of a site's type: samples and what they must read as, beside the type (`DATA/things/<id>.golden.json`).

`device template` writes it, `config check` runs it: whoever edits the type's file sees at once which sample reads otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sensing.errors import ValidationError

from . import inputs

if TYPE_CHECKING:
    from sensing.guess.samples import Sample
    from sensing.ports import Adapter
    from sensing.things import ThingType

FORMAT = "sensing-golden/1"
SUFFIX = ".golden.json"
_COMPARED = ("device", "code", "property", "statistic", "begin", "end", "channel", "result", "result_unit", "position", "error")
_SAMPLES = 20
"""Samples that a golden test keeps."""


def written(kind: ThingType, adapter: Adapter, samples: Sequence[Sample], received: int) -> str:
    """The test of a type as it reads these samples now."""
    kept = [
        {"t": sample.received or received, "payload_hex": sample.payload.hex()} | ({"text": _shown(sample.payload)})
        for sample in samples[:_SAMPLES]
    ]
    tree = {"format": FORMAT, "type": kind.id, "samples": kept, "lines": lines(kind, adapter, kept)}
    return json.dumps(tree, ensure_ascii=False, indent=1) + "\n"


def lines(kind: ThingType, adapter: Adapter, samples: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What `decode` prints of the samples, in the fields that count."""
    from .readings import Lines, stand_in

    reader = Lines(adapter, stand_in(adapter.NAME, "sample", "sample", kind.settings, kind.units))
    told = reader.all((json.dumps(sample).encode() for sample in samples), inputs.AUTO)
    return [
        {"line": row["line"]} | {key: row[key] for key in _COMPARED if row.get(key) is not None} for rows in told for row in rows
    ]


def check(path: Path, types: Mapping[str, ThingType], adapters: Mapping[str, Adapter]) -> int:
    """Run one test; returns its number of lines. Raises ValidationError naming file, line and what differs."""
    try:
        tree = json.loads(path.read_text("utf-8"))
        kind, samples, wanted = types[tree["type"]], tree["samples"], tree["lines"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValidationError(
            f"{path}: not a golden test ({type(error).__name__}: {error})", "delete it, or write it anew with `device template`"
        ) from None
    if kind.adapter not in adapters:
        raise ValidationError(f"{path}: type {kind.id} has no adapter", 'write adapter = "..." into the type')
    found = lines(kind, adapters[kind.adapter], samples)
    for number, (old, new) in enumerate(zip(wanted, found, strict=False), 1):
        odd = next((key for key in (*_COMPARED, "line") if old.get(key) != new.get(key)), None)
        if odd is not None:
            raise ValidationError(
                f"{path}: reading {number} ({new.get('code', old.get('code'))}): {odd} is {new.get(odd)!r}, was {old.get(odd)!r}",
                f"correct {path.name.removesuffix(SUFFIX)}.toml; if the new value is meant, write the test anew with `device template`",
            )
    if len(wanted) != len(found):
        raise ValidationError(
            f"{path}: {len(found)} readings, were {len(wanted)}", f"correct {path.name.removesuffix(SUFFIX)}.toml"
        )
    return len(found)


def _shown(payload: bytes) -> str | None:
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        return None
    return text if text.isprintable() else None
