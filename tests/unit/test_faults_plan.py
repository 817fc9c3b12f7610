"""What `--faults` says, and when faults come."""

import itertools
from pathlib import Path

import pytest

from sensing.errors import UsageError
from sensing.times import HOUR
from simulators.faults import SERVICES, Kind, parse, strikes
from simulators.faults.book import book
from simulators.faults.episodes import befallen
from tests.storm_fleet import BEGIN


def test_words_become_shares_and_counts():
    """A share, a share within a span, a count, and what they say back."""
    plan = parse("spike=0.02, late=0.05@6h..30h,door-kill=5")
    assert plan.shares[Kind.SPIKE].share == 0.02
    assert plan.shares[Kind.LATE].window == (6 * HOUR, 30 * HOUR)
    assert plan.services["door-kill"].count == 5
    assert parse(plan.text()) == plan


def test_all_is_every_kind_and_none_is_nothing():
    """`all` plants each kind of the closed list, later words outdo it; `none` is empty."""
    assert list(parse("all").shares) == list(Kind)
    assert parse("all").services["work-kill"].count == 5
    assert Kind.LATE not in parse("all,late=0").shares
    assert parse("none").text() == "none"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("spyke=0.1", "did you mean spike"),
        ("spike=2", "a share is 0 to 1"),
        ("spike=many", "is not a number"),
        ("late@6h", "is not a span"),
        ("late@9h..6h", "is not a span"),
        ("late@x..6h", "duration"),
        ("door-kill=1.5", "whole number"),
        ("none,spike", "none goes alone"),
        ("all=3", "takes no share"),
        ("", "nothing is said"),
    ],
)
def test_a_wrong_word_is_named_with_its_remedy(text, word):
    """Each mistake says what is wrong with which word."""
    with pytest.raises(UsageError, match=word):
        parse(text)


def test_the_book_knows_every_kind():
    """No kind is without its manner; what is scored says which reasons count; each is wide enough to happen in two days."""
    assert set(book().manners) == set(Kind)
    for kind in (
        Kind.SPIKE,
        Kind.STUCK,
        Kind.DRIFT,
        Kind.UNIT_FLIP,
        Kind.SENTINEL,
        Kind.CLOCK_STEP,
        Kind.CLOCK_SKEW,
        Kind.CLOCK_UNSET,
    ):
        assert book().manners[kind].accept >= book().manners[kind].own
    assert not [kind for kind, manner in book().manners.items() if manner.lasts[0] > 24 * HOUR or not 0 < manner.share < 1]


def test_episodes_belong_to_seed_kind_and_victim():
    """Another kind in the plan changes nothing; another seed does; shares are of the fleet."""
    alone, among = parse("drift=0.5"), parse("drift=0.5,spike=1,late=0.3")
    end = BEGIN + 48 * HOUR

    def course(plan, seed, victim):
        return [(e.begin, e.end, e.size) for e in befallen(plan, seed, plan.shares, victim, BEGIN, end) if e.kind is Kind.DRIFT]

    victims = [f"d{number}" for number in range(300)]
    assert [course(alone, 7, victim) for victim in victims] == [course(among, 7, victim) for victim in victims]
    assert [course(alone, 7, victim) for victim in victims] != [course(alone, 8, victim) for victim in victims]
    assert 110 < sum(bool(course(alone, 7, victim)) for victim in victims) < 190


def test_an_episode_lies_in_its_window_and_is_never_too_short():
    """What the end would cut below the least length is not planted."""
    plan = parse("stuck=1@6h..30h")
    found = [e for n in range(200) for e in befallen(plan, 3, plan.shares, f"d{n}", BEGIN, BEGIN + 48 * HOUR)]
    assert found
    assert all(e.begin >= BEGIN + 6 * HOUR and e.end <= BEGIN + 30 * HOUR and e.end - e.begin >= 3 * HOUR for e in found)


def test_blows_to_the_service_are_spread_over_the_run():
    """Five kills lie apart, in order, inside the run."""
    found = strikes(parse("door-kill=5,work-kill=5"), 7, BEGIN, BEGIN + 48 * HOUR)
    times = [strike.time for strike in found if strike.name == "door-kill"]
    assert len(times) == 5
    assert min(b - a for a, b in itertools.pairwise(times)) > HOUR
    assert all(BEGIN < time < BEGIN + 48 * HOUR for time in times)
    assert {strike.name for strike in found} <= set(SERVICES)


def test_the_page_tells_every_kind_and_size():
    """docs/storms.md has a row for each kind, and the sizes of each property as they are."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "storms.md").read_text("utf-8")
    rows = [[cell.strip() for cell in line.strip()[1:-1].split("|")] for line in page.splitlines() if line.startswith("| ")]
    assert {*map(str, Kind)} <= {row[0].strip("`") for row in rows}
    for name, sizes in book().sizes.items():
        row = next(row for row in rows if name.removeprefix("soil_moisture") in row[0] and len(row) >= 5)
        told = [float(found) if (found := cell.split(" ")[0]) else None for cell in row[1:4]]
        assert told == [sizes.spike, sizes.drift, sizes.counts], name
        assert [float(word) for word in row[4].split(", ") if word] == pytest.approx(
            [round(factor, 2) if factor > 0.5 else factor for factor in sizes.factors]
        )
        assert (row[-1] == "yes") == sizes.stuck, name
