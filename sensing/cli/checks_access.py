"""Who may touch the files of a data folder: what only its owner may read, what is another's, links that lead nowhere.

As in `checks`: generators of findings that write nothing.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from .checks import Finding, finding

_SHOWN = 5
_FOLDERS = ("", "lake", "frames", "run", "logs", "shift", "things", "storms")


def _secret(data: Path) -> list[Path]:
    """Files with secrets, or with what only the service may read."""
    names = ("admin.token", "run.json", "audit.key", "ca.key")
    listed = [data / name for name in names if (data / name).is_file()]
    return [*listed, *data.glob("*.db"), *data.glob("*.db-wal"), *data.glob("*.db-shm"), *(data / "run").glob("*.json")]


def open_to_others(data: Path) -> list[Path]:
    """Those of them that others may read or write."""
    return [path for path in _secret(data) if path.is_file() and path.stat().st_mode & 0o077]


def written_by_others(data: Path) -> list[Path]:
    """Settings that others may write: they would say where the service listens, and to whom it tells everything."""
    return [path for path in (data / "config.toml",) if path.is_file() and path.stat().st_mode & 0o022]


def strangers(data: Path) -> list[Path]:
    """Files and folders of another owner than the data folder's: what a command run with sudo leaves behind."""
    owner = data.stat().st_uid
    return [path for path in _inside(data) if path.lstat().st_uid != owner]


def owner_name(uid: int) -> str:
    """The name of a user; its number where nobody knows it."""
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def access(data: Path) -> Iterator[Finding]:
    """All is of one owner, who is the one that asks; nobody else writes settings; no link leads nowhere."""
    if not data.is_dir():
        return
    mine, foreign = data.stat().st_uid, strangers(data)
    owner, me = owner_name(mine), os.geteuid()
    if foreign:
        of = ", ".join(sorted({owner_name(path.lstat().st_uid) for path in foreign}))
        yield finding(
            "owner", False, f"{_named(foreign)}: of {of}, the folder is {owner}'s",
            f"sudo chown -R {owner} {data}, or `sensing doctor --repair` as root",
        )  # fmt: skip
    elif me not in {mine, 0}:
        yield finding(
            "owner", False, f"{data} is {owner}'s, you are {owner_name(me)}", f"run this as {owner}, who runs the service"
        )
    else:
        yield finding("owner", True, owner)
    if loose := written_by_others(data):
        yield finding(
            "secrets", False, f"others may write {_named(loose)}", f"chmod go-w {loose[0]}, or `sensing doctor --repair`"
        )
    if broken := [path for path in _inside(data) if path.is_symlink() and not path.exists()]:
        yield finding("links", None, f"{_named(broken)} leads nowhere", "mount what it leads to, or remove the link")


def _inside(data: Path) -> list[Path]:
    """The folder's own files, and those of the folders that the service makes."""
    found: list[Path] = []
    for name in _FOLDERS:
        folder = data / name
        if folder.is_dir() and (not name or not folder.is_symlink()):
            with os.scandir(folder) as listed:
                found += [Path(each.path) for each in listed if not stat.S_ISSOCK(each.stat(follow_symlinks=False).st_mode)]
    return sorted(found)


def _named(paths: list[Path]) -> str:
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return " ".join(map(str, paths[:_SHOWN])) + more
