"""Lake files on a disk that forgets: what was not synced when the power went is empty, a name whose folder was not synced is gone.

The process at work sees its own writes; what it has not synced stands in `DATA/unsynced/`, and `cut` takes it away, as the power cut
would have. The roles must all be dead by then.
"""

from pathlib import Path


def forget(data: Path) -> None:
    """Have `sensing.store.lake.files` note what is not on disk yet."""
    from sensing.store.lake import files

    notes = data / "unsynced"
    notes.mkdir(exist_ok=True)
    whole = {name: getattr(files, name) for name in ("write", "sync", "rename", "sync_folder")}

    def note(kind, path):
        return notes / f"{kind}-{path.name}"

    def write(path, fill, reached=lambda _step: None):
        passing = path.with_name(path.name + files.PASSING)

        def filled(target):
            note("content", passing).write_text(str(passing))
            fill(target)

        whole["write"](path, filled, reached)

    def sync(path):
        whole["sync"](path)
        note("content", path).unlink(missing_ok=True)

    def rename(passing, path):
        note("name", path).write_text(str(path))
        if note("content", passing).exists():
            note("content", path).write_text(str(path))
            note("content", passing).unlink()
        whole["rename"](passing, path)

    def sync_folder(folder):
        whole["sync_folder"](folder)
        for left in notes.glob("name-*"):
            if Path(left.read_text()).parent == folder:
                left.unlink()

    for one in (write, sync, rename, sync_folder):
        setattr(files, one.__name__, one)
    from sensing.store.lake import catalogue

    catalogue.write = write  # it took the name at import


def never_sync() -> None:
    """What a careless edit would do: files and folders are written, and never synced."""
    from sensing.store.lake import files

    files.sync = files.sync_folder = lambda _path: None


def cut(data: Path) -> None:
    """What the disk has after the power cut."""
    for left in (data / "unsynced").glob("*-*"):
        path = Path(left.read_text())
        if left.name.startswith("name-"):
            path.unlink(missing_ok=True)
        elif path.exists():
            path.write_bytes(b"")
        left.unlink()
