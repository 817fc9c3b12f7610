"""Vessels enrol themselves: under a receiver only, up to a limit, once, and heard by several they are stored once."""

from pathlib import Path

import pytest

from sensing.store.reader import Wanted
from tests.forward import BASE, Bench, FakeAdapter, sums

T = BASE


class Radio(FakeAdapter):
    ENROLS = True

    def thing_id(self, native):
        return f"mmsi-{native}"

    def thing_type(self, native):
        return "vessel"


@pytest.fixture
def bench(tmp_path: Path):
    made = Bench(tmp_path)
    made.adapter = Radio()
    made.settings = made.settings.model_copy(update={"work": made.settings.work.model_copy(update={"enrol_limit": 2})})
    made.work.store.close()
    made.work = made.worker()
    yield made
    made.close()


def heard(bench, *natives, by="rx-1", at=T):
    bench.say(*[{"d": native, "t": at, "v": 1.0} for native in natives], principal=by)
    return bench.run()


def test_a_vessel_heard_by_a_receiver_enrols_itself(bench):
    """Nobody registered it; its rows stand under its own id."""
    reader = heard(bench, "412000001")
    assert [row["device"] for row in reader.observations(Wanted(), 9)] == ["mmsi-412000001"]
    assert sums(reader, "decoded", "quarantined") == (1, 0)


def test_a_principal_that_is_no_receiver_enrols_nobody(bench):
    """A gauge's credential cannot invent vessels."""
    assert sums(heard(bench, "412000001", by="p"), "decoded", "quarantined") == (0, 1)


def test_beyond_the_limit_they_wait_in_quarantine(bench):
    """Made-up senders cannot fill the store with things, not even across a restart."""
    heard(bench, "1", "2")
    bench.work.store.close()
    bench.work = bench.worker()
    reader = heard(bench, "2", "3", at=T + 1)
    assert sums(reader, "decoded", "quarantined") == (3, 1)
    assert [one["native"] for one in reader.quarantine()] == ["3"]


def test_what_two_receivers_hear_is_stored_once_with_both_as_witnesses(bench):
    """The same message by another way is a duplicate, and says who else heard it."""
    heard(bench, "1")
    reader = heard(bench, "1", by="rx-2")
    assert sums(reader, "stored", "duplicate") == (1, 1)
    (row,) = reader.observations(Wanted(), 9)
    assert reader.witnesses(row["cursor"]) == ["rx-2"]


def test_a_registered_vessel_is_its_owners(bench):
    """Registration wins over enrolment: somebody else's receiver may not speak for it."""
    bench.directory.add("412000009", "p")
    assert [letter["reason"] for letter in heard(bench, "412000009").dead()] == ["not_yours"]
