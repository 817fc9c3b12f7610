"""One fault of ours for each promise, by name: what a careless edit would do. `test_mutations.py` shows that the checkers see each.

python -m tests.faults.mutations NAME ROLE DATA       the role as it is, but for that fault
"""

import sys
import time


def acknowledge_before_the_commit():
    """P1: the door says "on disk" and writes afterwards."""
    from sensing.failpoints import reach
    from sensing.mqtt.committer import Committer

    def append(self, frames):
        self._call(self._durable, 0, len(frames), 0.0)
        time.sleep(0.05)  # a disk that is a little slow
        reach("door.before_commit")
        if frames:
            self._log.append(frames)

    Committer._append = append


def no_unique_index():
    """P2: nothing but goodwill keeps an observation from being stored twice."""
    from sensing.store import sqlite

    sqlite.SCHEMA += "DROP INDEX hot_once; CREATE INDEX hot_once ON hot(time, series, revision);"


def cursor_apart_from_its_rows():
    """P2 and P3: the cursor in a transaction of its own, after that of its rows."""
    from sensing.failpoints import reach
    from sensing.store.sqlite import SqliteStore

    whole = SqliteStore.commit

    def commit(self, batch):
        place, batch.place = batch.place, self._place
        number = whole(self, batch)
        reach("work.after_commit")
        self.connection.execute("UPDATE progress SET place=?", (place,))
        self._place = place
        return number

    SqliteStore.commit = commit


def dead_letters_uncounted():
    """P3: one outcome of frames is forgotten."""
    from sensing.ledger import Tally

    ended = Tally.ended
    Tally.ended = lambda self, account, outcome: (
        self.add(account, "received") if outcome == "dead_lettered" else ended(self, account, outcome)
    )


def duplicates_uncounted():
    """P3: one outcome of readings is forgotten."""
    from sensing.ledger import Tally

    add = Tally.add
    Tally.add = lambda self, account, column, by=1: None if column == "duplicate" else add(self, account, column, by)


def frames_passed_over():
    """P3: each tenth frame is taken from the log and falls under the table."""
    from sensing.work import Work

    take = Work.take
    Work.take = lambda self, frame, batch: None if frame.place % 10 == 0 else take(self, frame, batch)


def sealed_times_not_looked_up():
    """P2: what comes late for a time that is sealed is taken for new."""
    from sensing.store.lake.late import Late

    Late.versions = lambda _self, _rows: {}


def amendments_thrown_away():
    """P5: what is decided of a row while it is being sealed, or after, is forgotten."""
    from sensing.store import schema, sqlite

    trigger = schema.SCHEMA[schema.SCHEMA.index("CREATE TRIGGER") :].partition("END;")[0] + "END;"
    sqlite.SCHEMA = schema.SCHEMA.replace(trigger, "")


def covered_rows_read_twice():
    """P2: readers do not pass over hot rows that a file holds already."""
    from sensing.store.rows import Rows, Seen

    seen = Rows.seen
    Rows.seen = lambda self: Seen(seen(self).catalogue, 0)


def dead_letters_thrown_away():
    """P4: what cannot be read is counted, and not kept."""
    from sensing.work import Work

    Work._hold = lambda *_: None


def the_last_to_arrive_is_served():
    """P5: among revisions the order of arrival decides."""
    from sensing.store import hot

    hot._SERVE = hot._SERVE.replace("generation DESC, sent DESC, rank DESC, revision DESC", "seq DESC")


def late_values_move_no_event():
    """P5: events take values as they come, and never look back."""
    from sensing.store import watch

    watch._ascending = lambda *_: True


def run_left_out_of_the_series():
    """P6: what is simulated goes where the live rows are."""
    from sensing import datastreams

    key = datastreams.SeriesKey
    datastreams.SeriesKey = lambda thing, prop, statistic, channel, _run: key(thing, prop, statistic, channel, "")


def main(arguments):
    """Run a role with one fault."""
    from sensing import app

    name, role, data = arguments
    globals()[name]()
    app.main([role, data])


if __name__ == "__main__":
    main(sys.argv[1:])
