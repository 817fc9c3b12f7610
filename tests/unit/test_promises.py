"""What docs/why.md says of the promises is so: the tests that hold each one stand, and so do the faults that turn them red."""

import re
from pathlib import Path

import pytest

from tests.faults import mutations

ROOT = Path(__file__).resolve().parents[2]


def promises():
    """(promise, where it is held, which faults its tests see) of each row."""
    lines = (ROOT / "docs" / "why.md").read_text("utf-8").splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if re.match(r"\| P\d \|", line)]
    return [(name, re.findall(r"`(tests/[^`]+)`", held), re.findall(r"`([^`]+)`", faults)) for name, _, held, faults in rows]


def test_all_six_are_there():
    """P1 to P6, in order."""
    assert [name for name, *_ in promises()] == [f"P{number}" for number in range(1, 7)]


@pytest.mark.parametrize(("name", "held", "faults"), promises(), ids=lambda value: value if isinstance(value, str) else "")
def test_a_promise_has_its_tests_and_its_faults(name, held, faults):
    """Every file exists; every fault is one of mutations.py that its test names, or a test of its own."""
    assert held
    assert faults
    assert [path for path in held if not (ROOT / path).exists()] == []
    ours = "\n".join(path.read_text("utf-8") for path in (ROOT / "tests" / "faults").glob("test_*mutations.py"))
    beside = "\n".join((ROOT / path).read_text("utf-8") for path in held if path.endswith(".py"))
    for fault in faults:
        assert (
            (hasattr(mutations, fault) and f'"{fault}"' in ours) or f"def {fault}(" in beside or f"mutations.{fault}()" in ours
        ), fault


def test_no_fault_is_left_unseen():
    """Each function of mutations.py stands in the table."""
    named = {fault for *_, faults in promises() for fault in faults}
    made = {name for name, thing in vars(mutations).items() if callable(thing) and thing.__module__ == mutations.__name__}
    assert made - {"main"} <= named
