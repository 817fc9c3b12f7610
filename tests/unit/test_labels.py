"""Labels, the coast, and the counters of who was not let in: small parts of registering with proof, each alone."""

import re
import zlib
from base64 import a85decode
from collections import Counter

import pytest

from sensing import labels, land
from sensing.errors import ValidationError
from sensing.mqtt.knocks import Knocks
from sensing.times import HOUR
from sensing.web.place_doubts import is_mmsi


def drawn(printed):
    """What the streams of a PDF draw."""
    streams = re.findall(rb"stream\r?\n(.*?)endstream", printed, re.DOTALL)
    return [zlib.decompress(a85decode(b"<~" + each.strip(), adobe=True)) for each in streams]


@pytest.mark.parametrize(("number", "skip", "pages"), [(1, 0, 1), (24, 0, 1), (25, 0, 2), (5, 20, 2), (4, 20, 1)])
def test_a_sheet_holds_24_labels(number, skip, pages):
    """3 x 8 a page, beginning after those that are used; each with its code in letters."""
    found = [labels.Label(f"abcd{n:04d}", "潮位站", "漳浦", labels.url("http://h", f"abcd{n:04d}")) for n in range(number)]
    streams = drawn(labels.sheet(found, skip))
    assert len(streams) == pages
    assert sum(stream.count(b"(ABCD 0") for stream in streams) == number


def test_long_names_stay_on_the_label():
    """Three lines of a name at most, however long and in whichever script."""
    label = labels.Label("abcd1234", "很长的名字" * 30, "x" * 200, labels.url("http://h", "abcd1234"))
    (stream,) = drawn(labels.sheet([label]))
    assert stream.count(b" Tj") <= 5


def test_an_address_is_checked():
    """No scheme, blanks or a novel: refused before anything is printed."""
    assert labels.url("https://city.example/", "abcd1234") == "https://city.example/id/abcd1234"
    for base in ("city.example", "http://a b", "http://" + "x" * 400):
        with pytest.raises(ValidationError):
            labels.url(base, "abcd1234")


@pytest.mark.parametrize(
    ("point", "low", "high"),
    [((117.65, 24.51), 5_000, 12_000), ((118.8, 24.0), -12_000, -5_000), ((118.115, 24.44), 0, 3_000), ((0.0, 0.0), None, None), ((116.005, 24.0), None, None)],
)  # fmt: skip
def test_the_shore_is_known(point, low, high):
    """Zhangzhou on land, the strait at sea, Xiamen island, and nothing outside the box or on its rim."""
    found = land.shore_m(point)
    assert found is None if low is None else low <= found <= high


@pytest.mark.parametrize(
    ("text", "valid"),
    [("412345678", True), ("99412345", False), ("994121234", True), ("004120001", True), ("111412001", True), ("970123456", True),
     ("041200001", True), ("123456789", False), ("000000000", False), ("41234567", False), ("4123456789", False), ("41234567a", False), ("٤١٢٣٤٥٦٧٨", False)],
)  # fmt: skip
def test_mmsi(text, valid):
    """Nine digits with a country's code, by the kind of station (ITU-R M.585)."""
    assert is_mmsi(text) is valid


def test_knocks_are_counted_by_principal_and_bounded():
    """Known names have their own counter, others one in all; neither a flood of names nor one of principals grows without end."""
    knocks = Knocks()
    for name in ("p-1", "p-1", "hunter2", "p-2"):
        knocks.count(name)
    found = knocks.counters(knocks.taken(), lambda names: {name for name in names if name.startswith("p-")}, 5 * HOUR)
    assert found == {(5, "", "p-1", "bad_credentials"): 2, (5, "", "p-2", "bad_credentials"): 1, (5, "", "", "unknown_user"): 1}
    assert not knocks
    for number in range(5_000):
        knocks.count(f"x{number}")
    waiting = knocks.taken()
    assert (len(waiting), waiting.total()) == (2_001, 5_000)
    many = Counter({f"p-{number}": 1 for number in range(20_000)})
    found = knocks.counters(many, set, 6 * HOUR)
    assert (len(found), found.total(), found[6, "", "", "bad_credentials"]) == (10_001, 20_000, 10_000)
