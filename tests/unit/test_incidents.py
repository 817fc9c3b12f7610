"""Incidents: which events belong together, whatever the order in which they are looked at."""

import random

import pytest

from sensing.errors import ValidationError
from sensing.incidents import Item, Place
from sensing.incidents.join import joined
from sensing.incidents.rules import read, shipped
from sensing.incidents.shape import timeline, title, told
from sensing.times import HOUR, MINUTE
from sensing.wordbook import halves

RULES = shipped()


def item(identity, kind, start, lon=118.0, lat=24.5, end=None, device=None, **more):
    at = start * MINUTE
    grown = more.pop("grown", start) * MINUTE
    return Item(
        identity, kind, device or f"d-{identity}", more.pop("domain", "city"), more.pop("severity", 0), at,
        None if end is None else end * MINUTE, grown, ((0, at),), Place(lon, lat, "", more.pop("area", "")), **more,
    )  # fmt: skip


def ids(items):
    return [(one.id, [each.id for each in one.items]) for one in joined(items, RULES)]


STORM = [
    item("a", "gale", 0, severity=1, domain="safety"),
    item("b", "rainstorm", 30, lon=118.05, severity=2, end=300, area="Xinglin"),
    item("c", "ponding_depth_high", 80, lon=118.08, area="Xinglin", domain="city"),
    item("d", "water_level_high", 100, lon=118.1, domain="environment"),
    item("e", "unsheltered", 110, lat=24.55, domain="industry"),
    item("f", "device_silent", 120, lon=118.081),
    item("g", "noise_exceeded", 50),
    item("h", "ponding_depth_high", 60, lon=119.5),
]


def test_a_storm_is_one_incident_across_the_domains():
    """Wind, rain, road, river and ship join; a noise, and a road 140 km away, do not; the silent device follows."""
    assert ids(STORM) == [("inc-a", ["a", "b", "c", "d", "e", "f"])]
    found = told(joined(STORM, RULES)[0], RULES, "", "live")
    assert (found["severity"], found["state"], found["end"]) == ("danger", "open", None)
    assert found["domains"] == ["city", "environment", "industry", "safety"]
    assert found["bbox"] == [118.0, 24.5, 118.1, 24.55]


def test_order_and_repetition_do_not_matter():
    """P5: shuffled and doubled, the same events make the same incidents."""
    rng = random.Random(7)
    kinds = [kind.replace("*", "high") for family in RULES.family.values() for kind in family.kinds]
    many = [
        item(f"{n:03}", rng.choice(kinds), rng.randrange(3000), 118 + rng.random(), 24 + rng.random(), device=f"d{n % 70}")
        for n in range(200)
    ]
    wanted = joined(many, RULES)
    assert len(wanted) > 3
    for _ in range(5):
        again = many + rng.sample(many, 50)
        rng.shuffle(again)
        assert joined(again, RULES) == wanted


def test_joining_is_the_closure_of_all_pairs():
    """The sweep that looks at few pairs finds what looking at every pair finds."""
    from sensing.coordinates import distance_m
    from sensing.incidents.join import span

    rng = random.Random(11)
    kinds = [kind.replace("*", "high") for name, f in RULES.family.items() for kind in f.kinds[:2] if not f.follows]
    many = []
    for n in range(120):
        start = rng.randrange(4000)
        place = rng.randrange(25)
        many.append(
            item(f"{n:03}", rng.choice(kinds), start, 118 + place * 0.06, 24.5, start + rng.randrange(1, 300), device=f"d{place}")
        )
    groups = {one.id: {one.id} for one in many}
    for one in many:
        for other in many:
            a, b = RULES.of(one.kind), RULES.of(other.kind)
            (s1, e1), (s2, e2) = span(one, RULES), span(other, RULES)
            apart = distance_m((one.place.lon, one.place.lat), (other.place.lon, other.place.lat))
            if max(s1, s2) - min(e1, e2) <= RULES.join.window and 0 <= apart <= RULES.reach_m(a, b):
                whole = groups[one.id] | groups[other.id]
                for each in whole:
                    groups[each] = whole
    wanted = {
        frozenset(group)
        for group in map(frozenset, groups.values())
        if len({each.device for each in many if each.id in group})
        >= (2 if len({RULES.of(each.kind) for each in many if each.id in group}) > 1 else RULES.join.devices)
    }
    assert wanted
    assert {frozenset(each.id for each in one.items) for one in joined(many, RULES)} == wanted


def test_one_family_needs_three_devices_and_time_divides():
    """Two flooded roads are two events; three are an incident; one the next day is another matter."""
    roads = [item(str(n), "ponding_depth_high", n, end=n + 20) for n in range(3)]
    assert ids(roads[:2]) == []
    assert ids(roads) == [("inc-0", ["0", "1", "2"])]
    assert ids([*roads, item("z", "ponding_depth_high", 24 * 60)]) == [("inc-0", ["0", "1", "2"])]


def test_an_event_that_no_longer_grows_stops_drawing_others():
    """One that stays open for days joins nothing that comes a day after it was worst."""
    old = [item("o", "gale", 0), item("p", "rainstorm", 10)]
    late = item("q", "ponding_depth_high", 24 * 60)
    assert ids([*old, late]) == [("inc-o", ["o", "p"])]
    assert len(ids([*old, item("q", "ponding_depth_high", int((RULES.join.linger + HOUR // 2) / MINUTE))])[0][1]) == 3


def test_an_older_event_that_comes_late_takes_the_name_and_the_old_name_is_a_member():
    """Who knows an incident by its old name finds it by that event."""
    (before,) = joined(STORM, RULES)
    (after,) = joined([*STORM, item("0", "gale", -10)], RULES)
    assert after.id == "inc-0"
    assert before.id.removeprefix("inc-") in {each.id for each in after.items}


def test_titles_and_timelines_are_in_plain_words():
    """Worst first, in both languages; what began, rose and ended stands in order."""
    (found,) = joined(STORM, RULES)
    words = title(found, RULES)
    assert words["zh"].startswith("暴雨、大风、")
    assert "Xinglin" in words["zh"]
    assert words["en"].startswith("Rainstorm, gale, ")
    assert "6 devices" in words["en"]
    told_ = timeline(found.items)
    assert [each["event"] for each in told_ if each["what"] == "began"] == ["a", "b", "c", "d", "e", "f"]
    assert [each["event"] for each in told_ if each["what"] == "ended"] == ["b"]


def test_a_place_that_is_named_in_both_languages_is_told_in_the_readers():
    """Titles and sentences; a name of one language stays as it is in both."""
    storm = [item("a", "gale", 0, area="杏林 Xinglin"), item("b", "rainstorm", 30, area="杏林 Xinglin")]
    (found,) = joined(storm, RULES)
    words = title(found, RULES)
    assert "Xinglin" not in words["zh"]
    assert "杏林" in words["zh"]
    assert "Xinglin, " in words["en"]
    assert "杏林" not in words["en"]
    assert halves("漳州 EM500 站") == {"zh": "漳州 EM500 站", "en": "漳州 EM500 站"}


def test_a_wrong_file_of_rules_is_refused_by_name(tmp_path):
    """A family that does not exist, a field that nobody knows."""
    text = RULES and (tmp_path / "incidents.toml")
    text.write_text(
        '[join]\nwindow_min=1\nlinger_h=1\ndevices=2\nlongest_d=1\n[family.a]\nname={zh="甲",en="a"}\nkinds=["x"]\nkm=1\nwith=["b"]\n'
    )
    with pytest.raises(ValidationError, match=r"family.a.with"):
        read(text)
    text.write_text("[join]\nnothing=1\n")
    with pytest.raises(ValidationError, match=r"incidents\.toml"):
        read(text)
