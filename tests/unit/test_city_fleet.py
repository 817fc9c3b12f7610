"""The city's fleet: who stands where, under which name; the same devices in a city of any size and seed."""

import math

import pytest

from sensing import topics
from sensing.registry.forms import DeviceForm
from sensing.registry.natives import normal
from sensing.things import load_types
from simulators import said
from simulators.city import MOST, build_city
from simulators.city.roster import counts, groups, rows
from simulators.city.sites import land
from simulators.story import open_story

STORY = open_story("meranti-2016", seed=7)
TYPES = load_types()


def km(one, other):
    north = (one[0] - other[0]) * 111.2
    return math.hypot(north, (one[1] - other[1]) * 111.2 * math.cos(math.radians(one[0])))


def test_a_city_has_as_many_devices_as_it_is_asked_for():
    """Every size comes out exactly, keeps one of each kind while it can, and the shares of the file at 2,000."""
    for size in (1, 21, 22, 40, 50, 400, 2_000, 12_345, MOST):
        found = counts(size)
        assert sum(found) == size
        assert size < len(found) or min(found) >= 1
        assert all(n <= row.most for n, row in zip(found, rows(), strict=True))
    assert counts(2_000) == [row.count for row in rows()]
    assert counts(20_000)[0] == pytest.approx(10 * counts(2_000)[0], rel=0.02)


@pytest.mark.parametrize("size", [0, -1, MOST + 1])
def test_a_city_of_no_size_is_refused(size):
    """A number that no city has is named."""
    with pytest.raises(ValueError, match=f"{size} devices"):
        build_city(STORY, 7, size)


def test_cities_of_other_sizes_and_seeds_fit_together():
    """A device is the same device, behind the same gateway, with the same levels, in a larger city and under another seed."""
    small, large, other = (
        {device.id: device.form() for device in build_city(STORY, seed, size).devices}
        for seed, size in ((7, 40), (7, 1_000), (8, 1_000))
    )
    assert len(small) == 40
    assert all(large[name] == form for name, form in small.items())
    assert large == other


def test_devices_fit_the_registry():
    """Ids and native names are distinct, types known, addresses spelt as their adapter will, and forms are ones that it takes."""
    city = build_city(STORY, 7, 3_000)
    gateways, forms = city.registration()
    assert len({form["id"] for form in forms}) == 3_000
    assert len({(form["adapter"], form["native"]) for form in forms}) == 3_000
    assert len({form["name"] for form in forms}) == 3_000
    assert {form["principal"] for form in forms} == set(gateways)
    for form in forms:
        read = DeviceForm.read(form)
        assert read.type in TYPES
        assert topics.is_id(read.id)
        assert normal(form["adapter"], form["native"]) == form["native"]
    assert all(topics.is_id(gateway) for gateway in gateways)


def test_addresses_are_distinct_in_the_largest_city():
    """100,000 devices have 100,000 addresses; SL 651's are station numbers from 1 to 60000 of a county."""
    devices = [device for group in groups(7, MOST) for device in group.devices]
    assert len({(device.adapter, device.native) for device in devices}) == MOST
    gauges = [device.native for device in devices if device.adapter == "sl651"]
    assert all(1 <= int(native[6:], 16) <= 60_000 and len(native) == 10 for native in gauges)


def test_the_default_city_reports_through_some_forty_gateways():
    """With the ships' receivers some fifty lines carry 2,500 devices; each line is one zone's of one network."""
    city = build_city(STORY, 7, 2_000)
    assert 35 <= len(city.gateways) <= 50
    topics_of = {said.topic(device) for device in city.devices}
    assert all(topics.parse(topic) for topic in topics_of)


def test_devices_stand_at_their_places():
    """Every device is in the country, within its place's radius, under the county it is named after."""
    country = land()
    for device in build_city(STORY, 7, 2_000).devices:
        assert 23.4 < device.lat < 25.7
        assert 116.9 < device.lon < 118.6
        row = next(row for row in rows() if device.id.startswith(row.id + "-") and device.id[len(row.id) + 1 :].isdigit())
        sites = country.sites[row.at]
        site = sites[(int(device.id[-4:]) - 1) % len(sites)]
        assert km((device.lat, device.lon), (site.lat, site.lon)) <= site.radius_km + 0.01
        assert device.area == country.counties[site.county]


def test_who_is_watched_has_levels():
    """Gauges of rivers, tide, reservoirs and ponding and VOC monitors carry rising thresholds; nobody else does."""
    watched = set()
    for device in build_city(STORY, 7, 300).devices:
        for name, levels in device.thresholds.items():
            assert levels["watch"] < levels["warning"] < levels["danger"]
            assert 0 < levels["hysteresis"] < levels["watch"]
            assert name in TYPES[device.type].properties
            watched.add(device.kind)
        assert device.kind not in watched or device.thresholds
    assert watched == {"river", "tide", "reservoir", "ponding", "camera", "voc"}


def test_five_domains_have_a_source():
    """People, city, environment, industry and safety each hear from somebody, in the smallest full city too."""
    assert {TYPES[device.type].domain for device in build_city(STORY, 7, 40).devices} == {
        "people", "city", "environment", "industry", "safety",
    }  # fmt: skip
