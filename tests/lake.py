"""A store whose rows are sealed at once, in small, for tests."""

from sensing.ledger import Account
from sensing.observe import revision
from sensing.settings import Lake
from sensing.store import Batch, Row, SeriesKey
from sensing.store.lake.compact import compact
from sensing.store.lake.seal import for_ever, seal
from sensing.store.lake.tidy import tidy

AT_ONCE = Lake(seal_after_min=0, seal_rows=1, compact_files=2, merge_files=2)
ACCOUNT = Account(1, "sl651", "dtu-1", "g1", "")


def said(store, thing, time, result, *, order=(0, 0, 0), prop="water_level", run=""):
    """A row that was received five microseconds after its time."""
    number = store.series(SeriesKey(thing, prop, "instant", "", run), "simulated" if run else "live", "m")
    return Row(number, time, None, result, 1, 0, revision(result, None), *order, time + 5, 1, None, None, True, ACCOUNT)


def batch(place, rows):
    """A batch of rows of one frame."""
    made = Batch(place=place, rows=list(rows))
    for _ in made.rows:
        made.tally.add(ACCOUNT, "readings")
    made.tally.ended(ACCOUNT, "decoded")
    made.tally.intake[ACCOUNT] = 1
    return made


def sealed(store, path, *, sweep=True):
    """Seal all, adopt, and sweep the table."""
    manifest = seal(path, AT_ONCE)
    store.tend_lake()
    while sweep and store.lake.sweep(3):
        pass
    return manifest


def merged(store, path, keep=for_ever):
    """Merge what is due, adopt, forget and remove what was replaced."""
    store.lake.grace_s = 0
    manifest = compact(path, AT_ONCE, keep)
    store.tend_lake()
    store.tend_lake()
    tidy(path)
    return manifest
