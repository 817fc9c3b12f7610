"""Backup of a data folder while the service runs, and its restore (docs/operate.md, docs/decisions/0012).

    export.db, cap.db, alerts.db   first: what they have handed on must be in the store that is copied after them
    store.db     one snapshot: its cursor is the mark of the backup; the lake's files that it names are linked at once
    log.db       after it: every frame up to the mark, and those that came since; the archive's files that it names likewise
    registry.db  last: it may know more than the mark, never less; keys of payloads are left out
    config.toml, ca.crt, things/, storms/

One zip file: databases packed with zstd, files that are packed already as they are, `manifest.json` last. Frames after the mark are worked
again after a restore, and give what they gave. Never in it: `admin.token`, `run.json`, passwords, keys.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct

FORMAT = "sensing-backup/1"
MANIFEST = "manifest.json"
FIRST = ("export.db", "cap.db", "alerts.db")
DATABASES = (*FIRST, "store.db", "log.db", "registry.db")
FOLDERS = ("lake", "frames", "things", "storms")
SINGLE = ("config.toml", "ca.crt")
KEPT_APART = ("audit.key", "ca.key")
"""Keys that are never in a backup and that a restored folder wants: `restore --keys` takes them from where they are kept."""
PACKED = ".zst"
CHUNK = 1 << 20

Tell = Callable[[str, int], None]
"""Called with what is being done and how many bytes of it were done since the last call."""


class Member(Struct, frozen=True):
    """A file of the data folder. sha256: of its own bytes, as they lie in the folder; stored: its name in the zip."""

    name: str
    stored: str
    bytes: int
    sha256: str


class Manifest(Struct):
    """What a backup holds. place, commit: the mark, the last frame and commit that the store has. log_head: the last frame in the log.

    digest: of the store at its mark, "" when it was not reckoned. keys_left_out: devices whose payload keys must be given anew.
    """

    format: str
    program: str
    taken: str
    place: int
    commit: int
    log_head: int
    rows: int
    digest: str
    schemas: dict[str, int]
    keys_left_out: Sequence[str]
    members: Sequence[Member]
