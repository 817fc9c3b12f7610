"""A store that gets what was said in batches, with work started again and rows sealed in between."""

from pathlib import Path
from tempfile import TemporaryDirectory

from sensing.settings import Lake
from sensing.store import Batch
from sensing.store.lake.seal import seal
from sensing.store.sqlite import SqliteStore
from sensing.times import HOUR, MINUTE


def batched(said, size, make, found, begin, hours, chance=None, *, restarts=0.3, seals=None):
    """What `found` says of the store's connection in the end.

    said: tuples, their second the minute since `begin`. make: (store, place, part, now) to a batch. chance: restarts work after that share of
    the batches, and has the run's clock go evenly, not with what is said. seals: (every so many batches, after which of them), None for none.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        store = SqliteStore(path)
        try:
            parts = [said[at : at + size] for at in range(0, len(said), size)]
            for place, part in enumerate(parts):
                store.connection.pragma("synchronous", "off")
                now = max(minute for _, minute, *_ in part) if chance is None else hours * 60 * (place + 1) // len(parts)
                store.commit(make(store, place, part, begin + now * MINUTE))
                if chance is not None and chance.random() < restarts:
                    store.close()
                    store = SqliteStore(path)
                if seals is not None and place % seals[0] == seals[1]:
                    seal(path, Lake(seal_after_min=0, seal_rows=1, seal_every_min=0))
                    store.tend_lake()
            store.commit(Batch(place=len(parts), received=begin + (hours + 1) * HOUR))
            return found(store.connection)
        finally:
            store.close()
