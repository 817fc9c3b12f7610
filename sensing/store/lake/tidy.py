"""Files that nobody names are removed: a seal that was cut short, a merge that was not adopted, what was replaced and has had its grace."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from sensing import logs, sqlite
from sensing.failpoints import reach

from . import FOLDER, catalogue, files
from .files import PASSING

_log = logs.get("lake")


def verify(store: Path) -> list[str]:
    """What is wrong with the files that the catalogue names: gone, of another size, of another content. Reads every byte."""
    with closing(sqlite.reader(store)) as db:
        segments = catalogue.read(db).segments
    wrong = []
    for one in segments:
        path = store.parent / FOLDER / one.file
        if not path.is_file():
            wrong.append(f"{one.file} is not there")
        elif path.stat().st_size != one.bytes or files.sha(path) != one.sha:
            wrong.append(f"{one.file} is not what was sealed")
    return wrong


def tidy(store: Path) -> list[str]:
    """Remove orphans from the lake's folder; returns their names. Only the role that writes files may call it, between two writes."""
    folder = store.parent / FOLDER
    if not folder.is_dir():
        return []
    found = {path.name: path for path in folder.iterdir()}  # before the catalogue is read: a file is there before it is named
    kept = {segment.file for _, manifest in catalogue.waiting(folder) for segment in manifest.segments}
    with closing(sqlite.reader(store)) as db:
        kept |= catalogue.named(db)
    gone = []
    for name, path in sorted(found.items()):
        if name.endswith(PASSING) or (path.suffix == ".parquet" and name not in kept):
            reach("lake.before_unlink")
            path.unlink(missing_ok=True)
            reach("lake.after_unlink")
            gone.append(name)
    if gone:
        _log.info("orphans_removed", files=len(gone))
    return gone
