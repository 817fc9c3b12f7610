"""What things are called by: labels and URNs that never change, codes that are found, hardware that is replaced."""

import io

import pytest

from sensing.audit import Actor
from sensing.errors import ConflictError, NotFoundError, ValidationError
from sensing.registry import described
from sensing.registry.outcomes import Imported
from sensing.registry.sheets import Sheet

ENGINEER = Actor("wang", "10.0.0.7")
HOUR = 3_600_000_000


def replace(house, device_id, **fields):
    return house.registry.replace_device(device_id, actor=ENGINEER, **fields)


def found(house, text):
    """(thing, how, whether it holds today) of every match."""
    return [(match.device.id, match.scheme, match.valid_to is None) for match in house.registry.identify(text)]


def test_a_thing_keeps_its_label_and_urn(house):
    """Edited, replaced, retired, restored: one label and one URN, which find it in any spelling."""
    device = house.register("gauge-1", native="n-1").device
    assert device.urn == f"urn:sensing:{device.urn.split(':')[2]}:{device.label}"
    house.clock.now += HOUR
    house.edit("gauge-1", name="new", native="n-2")
    replace(house, "gauge-1", native="n-3", serial="S3")
    house.clock.now += HOUR
    house.registry.retire_device("gauge-1", actor=ENGINEER)
    assert found(house, device.label) == [("gauge-1", "label", True)]
    assert found(house, f"{device.label[:4]}-{device.label[4:]}".upper()) == [("gauge-1", "label", True)]
    assert found(house, device.urn.upper()) == [("gauge-1", "urn", True)]
    assert house.registry.restore_device("gauge-1", actor=ENGINEER).urn == device.urn
    other = "0" if device.label[0] != "0" else "1"
    assert found(house, other + device.label[1:]) == []
    assert found(house, "urn:sensing:00000000:" + device.label) == [], "another city's"


def test_no_number_is_given_twice(house):
    """A label that an undone import has taken is not another thing's later."""
    lines = Sheet(io.BytesIO(b"id,type\na-1,vendor-a\na-2,vendor-a\n"))
    done = [each for each in house.registry.import_devices(lines.lines(), name="x", actor=ENGINEER) if isinstance(each, Imported)]
    labels = {device.label for device in house.registry.list_devices()}
    house.registry.undo_import(done[0].id, actor=ENGINEER)
    assert not any(found(house, label) for label in labels)
    again = {house.register(name).device.label for name in ("a-1", "a-2")}
    assert not labels & again


def test_any_code_finds_its_thing(house):
    """By id, by native id bare or with its adapter, in the spellings of its protocol, by serial number, by a further code."""
    house.register("gauge-1", type="river-gauge", native="62031500", serial="SN-77")
    house.register("sound-1", type="generic", adapter="lorawan", native="A8-40-41-00-00-18-1C-61")
    house.registry.add_code("sound-1", "station", "62031999", actor=ENGINEER)
    assert found(house, "gauge-1") == [("gauge-1", "id", True)]
    for text in ("62031500", "0062031500", "sl651:62031500"):
        assert found(house, text) == [("gauge-1", "sl651", True)]
    for text in ("a84041000018 1c61", "A84041000018-1C61", "lorawan:a840410000181c61"):
        assert found(house, text) == [("sound-1", "lorawan", True)]
    assert found(house, " SN-77 ") == [("gauge-1", "serial", True)]
    assert found(house, "62031999") == [("sound-1", "station", True)]
    assert found(house, "plainjson:62031500") == found(house, "") == found(house, "nobody") == found(house, "x" * 300) == []


def test_a_code_of_two_things_names_both(house):
    """Two protocols may have one native id: with its adapter it is one thing's, bare it is both's."""
    house.register("a-1", native="1234")
    house.register("b-1", type="generic", adapter="senml", native="1234")
    assert sorted(found(house, "1234")) == [("a-1", "plainjson", True), ("b-1", "senml", True)]
    assert found(house, "senml:1234") == [("b-1", "senml", True)]


def test_further_codes_come_and_go(house):
    """A code is one thing's at a time; when it has ended, it still tells whose it was."""
    house.register("a-1")
    house.register("a-2")
    house.registry.add_code("a-1", "station", "62031999", actor=ENGINEER)
    with pytest.raises(ConflictError, match="belongs to device a-1"):
        house.registry.add_code("a-2", "station", "62031999", actor=ENGINEER)
    house.registry.end_code("a-1", "station", "62031999", actor=ENGINEER)
    house.registry.add_code("a-2", "station", "62031999", actor=ENGINEER, valid_from=house.clock.now)
    assert found(house, "62031999") == [("a-2", "station", True), ("a-1", "station", False)]
    with pytest.raises(NotFoundError, match="has no station"):
        house.registry.end_code("a-1", "station", "62031999", actor=ENGINEER)
    with pytest.raises(ValidationError, match="schemes are"):
        house.registry.add_code("a-1", "plainjson", "a-2", actor=ENGINEER)


def test_a_replaced_logger_keeps_the_thing(house):
    """Both native ids and serial numbers are kept with their dates; frames of then and of now resolve to the one thing."""
    house.register("gauge-1", native="old", serial="S1")
    start = house.clock.now
    house.clock.now += 2 * HOUR
    device = replace(house, "gauge-1", native="new", serial="S2", at=start + HOUR)
    assert (device.id, device.native, device.serial) == ("gauge-1", "new", "S2")
    assert {(code["code"], code["from"] is None, code["to"] is None) for code in described(device)["codes"]} == {
        ("old", True, False), ("S1", True, False), ("new", False, True), ("S2", False, True),
    }  # fmt: skip
    house.directory.version()
    assert house.directory.find("plainjson", "new").id == "gauge-1"
    assert house.directory.find("plainjson", "new", start).id == "gauge-1"
    assert house.directory.find("plainjson", "old") is None
    for _ in range(2):
        assert house.directory.find("plainjson", "old", start + HOUR - 1).id == "gauge-1"
        assert house.directory.find("plainjson", "old", start + HOUR) is None
    assert found(house, "old") == [("gauge-1", "plainjson", False)]
    assert found(house, "S1") == [("gauge-1", "serial", False)]
    assert house.last().what == "device_replaced"


def test_a_native_id_may_move_to_another_thing(house):
    """A logger is taken from A to B: what came before the day is A's, what came after is B's, whenever it is read."""
    house.register("a", native="x")
    house.register("b", native="y")
    day = house.clock.now = house.clock.now + HOUR
    assert house.directory.find("plainjson", "x", day - 1).id == "a"
    house.clock.now += HOUR
    with pytest.raises(ConflictError, match="belongs to device a"):
        replace(house, "b", native="x", at=day)
    replace(house, "a", native="z", at=day)
    with pytest.raises(ConflictError, match="was device a's until later"):
        replace(house, "b", native="x", at=day - 1)
    replace(house, "b", native="x", at=day)
    house.directory.version()
    for _ in range(2):
        assert house.directory.find("plainjson", "x", day - 1).id == "a"
        assert house.directory.find("plainjson", "x", day).id == "b"
        assert house.directory.find("plainjson", "x").id == "b"
    assert house.directory.find("plainjson", "y", day - 1).id == "b"
    assert found(house, "x") == [("b", "plainjson", True), ("a", "plainjson", False)]


def test_a_retired_things_past_stays_its_own(house):
    """Its native id may be another's; frames from when it was in service are its still, through any number of turns."""
    start = house.clock.now
    house.register("a", native="x")
    for turn, (leaves, comes) in enumerate([("a", "b"), ("b", "c")]):
        house.clock.now = start + (turn + 1) * HOUR
        house.registry.retire_device(leaves, actor=ENGINEER)
        house.register(comes, native="x")
    house.clock.now = start + 3 * HOUR
    house.registry.retire_device("c", actor=ENGINEER)

    def holders():
        house.directory.version()
        times = (start, start + HOUR, start + 2 * HOUR, start + 3 * HOUR)
        return [getattr(house.directory.find("plainjson", "x", time), "id", None) for time in times]

    assert holders() == ["a", "b", "c", None]
    house.registry.restore_device("a", actor=ENGINEER)
    assert holders() == ["a", "b", "c", "a"]


def test_a_correction_leaves_no_trace(house):
    """`edit` says that the native id was wrong all along: nothing is dated, and the wrong one is nobody's."""
    house.register("a", native="typo")
    house.clock.now += HOUR
    device = house.edit("a", native="right")
    assert [code.code for code in device.codes] == ["right"]
    assert found(house, "typo") == []


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "nothing about a is replaced"),
        ({"native": "x", "serial": ""}, "nothing about a is replaced"),
        ({"native": "n", "at": 0}, "not between the last one and now"),
        ({"native": "n", "at": 9_000_000_000_000_000}, "not between the last one and now"),
        ({"serial": "a\tb"}, "is none"),
        ({"native": ""}, "is not an id"),
    ],
)
def test_a_replacement_that_says_nothing_is_refused(house, fields, message):
    house.register("a", native="x")
    with pytest.raises(ValidationError, match=message):
        replace(house, "a", **fields)
    assert house.registry.show_device("a").native == "x"


def test_what_is_retired_is_not_replaced(house):
    house.register("a")
    house.registry.retire_device("a", actor=ENGINEER)
    with pytest.raises(ConflictError, match="is retired"):
        replace(house, "a", native="n")
    with pytest.raises(NotFoundError):
        replace(house, "b", native="n")


def test_serial_numbers_come_and_go_in_files(house):
    """A column that a file has when a device needs it."""
    house.register("a", serial="SN-1")
    text = "".join(house.registry.export_devices())
    assert text.splitlines()[0].endswith(",note,serial")
    assert text.splitlines()[1].endswith(",SN-1")
    assert house.edit("a", serial="SN-2").serial == "SN-2"
