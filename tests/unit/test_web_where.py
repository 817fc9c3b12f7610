"""The language of `where`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensing.errors import UsageError
from sensing.web.where import parse

ROW = {"result": 2.5, "quality": 3, "device": "gauge-1", "property": "water_level", "reason": "range", "channel": "", "lon": None}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("value>2", True),
        ("value>2.5", False),
        ("value >= 2.5", True),
        ("result<1e1", True),
        ("value=2.5", True),
        ("value!=2.5", False),
        ("quality>=3", True),
        ("quality>=3 and value<2", False),
        ("value<2 or quality=3", True),
        ("value<2 or quality=4 or device=gauge-1", True),
        ("value<2 or quality=3 and device=gauge-2", False),
        ("device=gauge-1", True),
        ("device='gauge-1' and property!=rainfall", True),
        ('reason="range"', True),
        ("lon>0", False),
        ("lat>0", False),
        ("value>-3", True),
    ],
)
def test_an_expression_means_what_it_says(text, expected):
    """`and` binds before `or`; a row without the field satisfies nothing."""
    assert parse(text)(ROW) is expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "value",
        "value>",
        ">2",
        "value>x",
        "device>gauge",
        "secret=1",
        "value>2 value<3",
        "value>2 and",
        "__class__=1",
        "value>2;1",
        "value>2&&quality=3",
        "a" * 600,
    ],
)
def test_what_is_not_the_language_is_refused(text):
    """Nothing is guessed, and nothing is run."""
    with pytest.raises(UsageError):
        parse(text)


@given(st.text(max_size=60))
def test_any_text_is_a_test_or_a_refusal(text):
    """Whatever is typed, the answer is a test or a UsageError."""
    try:
        found = parse(text)
    except UsageError:
        return
    assert found(ROW) in (True, False)
