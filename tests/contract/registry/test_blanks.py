"""Blank labels: each for one device, once, until it is revoked or over."""

import pytest

from sensing.errors import ConflictError, NotFoundError, ValidationError
from sensing.registry import DeviceForm
from sensing.times import DAY
from tests.contract.registry.conftest import ENGINEER


def form(identity, **more):
    return DeviceForm.read({"id": identity, "type": "vendor-a", **more})


def states(registry, **chosen):
    return [each.state for each in registry.list_blanks(**chosen)]


def test_a_device_gets_the_label_that_sticks_on_it(house):
    """Registered with a blank's code, the code is its label, and finds it."""
    registry = house.registry
    free, other, *_ = registry.make_blanks(3, note="north bank", actor=ENGINEER)
    made = registry.register_device(form("g-1"), label=free.code.upper(), actor=ENGINEER).device
    assert made.label == free.code
    assert [each.device.id for each in registry.identify(free.code)] == ["g-1"]
    assert registry.identify(other.code) == []
    found = registry.find_blank(free.code)
    assert (found.state, found.thing, found.note) == ("used", "g-1", "north bank")
    assert registry.register_device(form("g-2"), actor=ENGINEER).device.label not in {
        each.code for each in registry.list_blanks()
    }


def test_each_is_used_once(house):
    """A second device with the same label is refused, and named whose it is; nothing of it remains."""
    registry = house.registry
    (free,) = registry.make_blanks(1, actor=ENGINEER)
    registry.register_device(form("g-1"), label=free.code, actor=ENGINEER)
    with pytest.raises(ConflictError, match="is on g-1 already"):
        registry.register_device(form("g-2"), label=free.code, actor=ENGINEER)
    with pytest.raises(NotFoundError):
        registry.show_device("g-2")


def test_what_was_revoked_or_is_over_is_used_no_more(house):
    """One by its code, the rest by their batch; used ones stay what they are; time ends the others."""
    registry = house.registry
    first, second, third = registry.make_blanks(3, lasts=2 * DAY, actor=ENGINEER)
    late = registry.make_blanks(1, lasts=DAY, actor=ENGINEER)[0]
    registry.register_device(form("g-1"), label=third.code, actor=ENGINEER)
    assert registry.revoke_blanks(first.code, actor=ENGINEER) == 1
    assert registry.revoke_blanks(first.batch, actor=ENGINEER) == 1
    assert sorted(states(registry, batch=first.batch)) == ["revoked", "revoked", "used"]
    house.clock.now += DAY
    assert states(registry, state="over") == ["over"]
    for label, why in ((second, "was revoked"), (late, "is past its time")):
        with pytest.raises(ConflictError, match=why):
            registry.register_device(form("g-2"), label=label.code, actor=ENGINEER)


def test_undoing_a_registration_makes_the_label_blank_again(house):
    """The engineer registers anew with the label that sticks there."""
    registry = house.registry
    (free,) = registry.make_blanks(1, actor=ENGINEER)
    registry.register_device(form("g-1"), label=free.code, actor=ENGINEER)
    registry.unregister_device("g-1", actor=ENGINEER)
    assert registry.find_blank(free.code).state == "free"
    assert registry.register_device(form("g-1", name="again"), label=free.code, actor=ENGINEER).device.label == free.code


def test_what_no_office_printed_is_no_label(house):
    """A code of another site, of a device, or of nothing."""
    registry = house.registry
    other = registry.register_device(form("g-1"), actor=ENGINEER).device.label
    for code in (other, "00000000", "x", ""):
        assert registry.find_blank(code) is None
    for code in (other, "00000000", "x"):
        with pytest.raises(NotFoundError):
            registry.register_device(form("g-2"), label=code, actor=ENGINEER)
    with pytest.raises(NotFoundError):
        registry.revoke_blanks(other, actor=ENGINEER)


def test_pages_and_limits(house):
    """The newest first, page after page; as many as fifty sheets at once."""
    registry = house.registry
    every = [each.code for each in registry.make_blanks(5, actor=ENGINEER)]
    page = [each.code for each in registry.list_blanks(limit=3)]
    assert page + [each.code for each in registry.list_blanks(after=page[-1], limit=3)] == every
    for count, lasts in ((0, DAY), (1_201, DAY), (1, DAY - 1)):
        with pytest.raises(ValidationError):
            registry.make_blanks(count, lasts=lasts, actor=ENGINEER)
