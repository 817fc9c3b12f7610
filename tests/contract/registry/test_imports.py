"""Files of devices: previewed, applied once, explained row by row, and taken back to the byte."""

import io
import time

import openpyxl
import pytest

from sensing.audit import Actor
from sensing.errors import ConflictError, NotFoundError, ValidationError
from sensing.registry.outcomes import Imported, OnExists
from sensing.registry.sheets import Sheet

ENGINEER = Actor("wang", "10.0.0.7")
HEADER = "id,type,adapter,native,name,lat,lon,crs,area,datum,zero,unit,principal,settings,note"


def run(house, text, encoding="utf-8", **options):
    """(the outcomes by row, the import) of a file."""
    source = io.BytesIO(text if isinstance(text, bytes) else text.encode(encoding))
    outcomes, done = {}, None
    for found in house.registry.import_devices(Sheet(source).lines(), name="list.csv", actor=ENGINEER, **options):
        if isinstance(found, Imported):
            done = found
        else:
            outcomes |= {each.row: each for each in found}
    return outcomes, done


def export(house):
    return "".join(house.registry.export_devices())


def test_an_export_taken_in_again_changes_nothing(house):
    """Export, then import: every row is the same, and the registry does not move."""
    house.register("a-1", name="桥头", lat=24.5, lon=117.6, zero=1.25, unit={"rainfall": "cm"}, settings={"k": 1})
    house.register(
        "a-2", mount_height=8.0, offset=0.1, period_rule="end", crs="gcj02", lat=24.4, lon=117.7, note='a "quoted", note'
    )
    before = house.registry.version()
    outcomes, done = run(house, export(house))
    assert [each.verdict for each in outcomes.values()] == ["same", "same"]
    assert done.counts == {"new": 0, "changed": 0, "same": 2, "skipped": 0, "bad": 0}
    assert house.registry.version() == before


def test_a_preview_says_what_would_happen_and_does_nothing(house):
    """The preview and the import give the same verdicts; only the import leaves anything."""
    house.register("old-1", name="before")
    text = f"{HEADER}\nnew-1,vendor-a,,,新站,24.5,117.6,,,,,,,,\nold-1,vendor-a,,,after,,,,,,,,,,\nbad-1,vendor-z,,,,,,,,,,,,,\n"
    lines = house.last().seq
    seen, told = run(house, text, preview=True)
    assert (told.id, told.state) == ("", "preview")
    assert house.registry.count_devices() == 1
    assert house.last().seq == lines
    assert house.registry.list_imports() == []
    outcomes, done = run(house, text)
    assert [(each.verdict, each.what) for each in seen.values()] == [(each.verdict, each.what) for each in outcomes.values()]
    assert [each.verdict for each in outcomes.values()] == ["new", "changed", "bad"]
    assert outcomes[3].changes == {"name": ("before", "after")}
    assert (outcomes[4].what, outcomes[4].hint) == ('type "vendor-z" does not exist', "did you mean vendor-b?")
    assert done.counts == {"new": 1, "changed": 1, "same": 0, "skipped": 0, "bad": 1}
    assert [each.id for each in house.registry.list_imports()] == [done.id]


def test_a_device_without_a_gateway_gets_a_password_that_opens(house):
    """A new device of its own can connect at once; one behind a gateway needs nothing."""
    house.registry.register_principal("gw-1", "gateway", actor=ENGINEER)
    outcomes, _ = run(house, "id,type,principal\nown-1,vendor-a,\ncarried-1,vendor-a,gw-1\n")
    credential = outcomes[2].credential
    assert house.door.authenticate("own-1", credential.password.encode()).principal == "own-1"
    assert outcomes[3].credential is None
    assert house.directory.find("plainjson", "carried-1").principal == "gw-1"


BAD = {
    "swapped,vendor-a,117.6,24.5,,,": "swapped",
    "half,vendor-a,24.5,,,,": "lat and lon go together",
    "Upper Case,vendor-a,,,,,": "is not an id",
    "twice,vendor-a,,,,,": None,
    "twice,vendor-b,,,,,": "stands in row 6 too",
    "unit,vendor-a,,,water_level=kg,,": "kg",
    "gw,vendor-a,,,,gw-9,": 'principal "gw-9" does not exist',
    "same-wire,vendor-a,,,,,twice": "native twice of plainjson belongs to row 6",
    "station,river-gauge,,,,,12": "not an SL 651 station address",
    "wide,vendor-a,,,,,,more,cells": "2 cells more than the header has",
    ",vendor-a,,,,,": "id",
}


def test_every_bad_row_says_why_and_disturbs_no_other(house):
    """Each mistake of a sheet is told in its own row; the good rows around it are stored."""
    text = "id,type,lat,lon,unit,principal,native\ngood-1,vendor-a,24.5,117.6,,,\n" + "\n".join(BAD) + "\ngood-2,vendor-a,,,,,\n"
    outcomes, done = run(house, text)
    for number, (line, what) in enumerate(BAD.items(), 3):
        found = outcomes[number]
        if what is None:
            assert found.verdict == "new", line
        else:
            assert (found.verdict, what in found.what + found.hint, bool(found.hint)) == ("bad", True, True), (line, found)
            assert found.cells["type"]
    assert done.counts["bad"] == len(BAD) - 1
    assert {each.id for each in house.registry.list_devices()} == {"good-1", "twice", "good-2"}


def test_what_exists_is_updated_skipped_or_refused_as_asked(house):
    """--on-exists decides about devices that differ; those that are the same are never trouble."""
    house.register("a-1", name="old")
    house.register("a-2")
    text = "id,type,name\na-1,vendor-a,new\na-2,vendor-a,\n"
    assert [each.verdict for each in run(house, text, on_exists=OnExists.SKIP)[0].values()] == ["skipped", "same"]
    refused = run(house, text, on_exists=OnExists.ERROR)[0]
    assert [each.verdict for each in refused.values()] == ["bad", "same"]
    assert "registered with other values: name" in refused[2].what
    assert house.registry.show_device("a-1").name == "old"
    assert [each.verdict for each in run(house, text)[0].values()] == ["changed", "same"]
    assert house.registry.show_device("a-1").name == "new"


def test_undo_is_exact_to_the_byte_of_an_export(house):
    """After an undo the export is what it was; new devices are unknown again, their passwords shut, changed ones as they were."""
    house.registry.register_principal("gw-1", "gateway", actor=ENGINEER)
    house.register(
        "old-1", name="桥头", lat=24.5, lon=117.6, crs="gcj02", zero=1.0, datum="85", unit={"rainfall": "cm"}, settings={"k": [1]}
    )
    house.register("old-2", principal="gw-1", note="n")
    before = export(house)
    text = (
        f'{HEADER}\nnew-1,vendor-a,,,,,,,,,,,,,\nold-1,vendor-a,,x-9,新名,24.6,117.5,wgs84,区,56,2.5,rainfall=mm,gw-1,"{{""z"": 2}}",m\n'
        "old-2,vendor-a,,,,,,,,,,,,,other\n"
    )
    house.clock.now += 1_000_000
    outcomes, done = run(house, text)
    assert [each.verdict for each in outcomes.values()] == ["new", "changed", "changed"]
    assert house.directory.find("plainjson", "new-1") is not None
    password = outcomes[2].credential.password.encode()
    assert house.door.authenticate("new-1", password) is not None
    undone = house.registry.undo_import(done.id, actor=ENGINEER)
    assert undone.state == "undone"
    assert export(house) == before
    house.directory.version()
    assert house.directory.find("plainjson", "new-1") is None
    assert house.door.authenticate("new-1", password) is None
    with pytest.raises(NotFoundError):
        house.registry.show_device("new-1")
    with pytest.raises(ConflictError, match="undone already"):
        house.registry.undo_import(done.id, actor=ENGINEER)


def test_what_an_undo_took_back_can_be_registered_again(house):
    """Ids of an undone import are free: by another import, and by hand, each with a password of its own."""
    text = "id,type\nnew-1,vendor-a\nnew-2,vendor-a\n"
    house.registry.undo_import(run(house, text)[1].id, actor=ENGINEER)
    again, done = run(house, text)
    assert [each.verdict for each in again.values()] == ["new", "new"]
    assert house.door.authenticate("new-1", again[2].credential.password.encode()) is not None
    house.registry.undo_import(done.id, actor=ENGINEER)
    made = house.register("new-2")
    assert house.door.authenticate("new-2", made.credential.password.encode()) is not None
    assert [each.id for each in house.registry.list_devices()] == ["new-2"]


def test_an_undo_does_not_run_over_later_changes(house):
    """A device that somebody changed since is named; force takes the import back all the same."""
    done = run(house, "id,type\nnew-1,vendor-a\nnew-2,vendor-a\n")[1]
    house.edit("new-2", name="touched")
    with pytest.raises(ConflictError, match="changed since the import: new-2"):
        house.registry.undo_import(done.id, actor=ENGINEER)
    house.registry.undo_import(done.id, actor=ENGINEER, force=True)
    assert house.registry.count_devices() == 0


def test_a_file_of_several_parts_is_one_import(house, monkeypatch):
    """Parts are committed one by one, are counted together, see each other's ids, and are undone together."""
    monkeypatch.setattr("sensing.registry.imports.PART", 3)
    monkeypatch.setattr("sensing.registry.imports._CHUNK", 2)
    rows = [f"d-{number},vendor-a" for number in range(8)] + ["d-1,vendor-a"]
    outcomes, done = run(house, "id,type\n" + "\n".join(rows))
    assert done.counts["new"] == 8
    assert "stands in row 3 too" in outcomes[10].what
    assert house.registry.count_devices() == 8
    house.registry.undo_import(done.id, actor=ENGINEER)
    assert house.registry.count_devices() == 0


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_any_encoding_and_delimiter_with_chinese_headers(encoding, delimiter):
    """What Excel, WPS and hand-written files look like: read alike."""
    rows = [
        ["设备台账"],
        [],
        ["编号", "类型", "经度（°）", "纬度 (度)", "名称", "厂家"],
        ["g-1", "river-gauge", "１１７.６", "24.5", "桥头，东", "某"],
        ["", "", "", "", "", ""],
    ]
    text = "\r\n".join(delimiter.join(row) for row in rows)
    sheet = Sheet(io.BytesIO(text.encode(encoding)))
    (line,) = sheet.lines()
    assert line.number == 4
    assert line.cells == {"id": "g-1", "type": "river-gauge", "lon": "117.6", "lat": "24.5", "name": "桥头，东", "厂家": "某"}
    assert (sheet.unknown, sheet.blank) == (["厂家"], 1)


def test_a_workbook_is_read_as_its_csv_would_be(house):
    """XLSX: numbers that the spreadsheet turned into floats are codes again."""
    book = openpyxl.Workbook()
    for cells in (
        ["编号", "类型", "站码", "纬度", "经度"],
        ["g-1", "river-gauge", 350602001.0, 24.5, 117.6],
        [None, None, None, None, None],
    ):
        book.active.append(cells)
    packed = io.BytesIO()
    book.save(packed)
    outcomes, _ = run(house, packed.getvalue())
    assert outcomes[2].verdict == "bad"  # 9 digits are no station code, and the message shows them as digits
    assert '"350602001"' in outcomes[2].what


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "no header"),
        (b"id\nx\n", "no header"),
        (b"PK\x03\x04 not a zip", "workbook cannot be read"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old .xls"),
        ("id,type,编号\n".encode(), "twice"),
        (b'id,type\n"open,x\n' + b"y" * 200_000, "line"),
        (b"\xff" * 50, "neither"),
    ],
)
def test_a_file_that_is_no_sheet_is_told_so(content, what):
    """Whatever is in the file: an error that says what to do, never a crash."""
    with pytest.raises(ValidationError, match=what) as caught:
        list(Sheet(io.BytesIO(content)).lines())
    assert caught.value.hint


def test_five_thousand_rows_take_seconds(house):
    """The size of a city's spreadsheet, GB18030: previewed and applied within the issue's ten seconds with a wide margin."""
    rows = [
        f"站-{n},river-gauge" if n % 50 == 0 else f"g-{n},river-gauge,,{350602:06d}{n + 1:05d},桥{n},24.{n:04d},117.{n:04d}"
        for n in range(5000)
    ]
    text = "编号,类型,协议,站码,名称,纬度,经度\n" + "\n".join(rows)
    began = time.process_time()
    for preview in (True, False):
        outcomes, done = run(house, text, "gb18030", preview=preview)
        assert (done.counts["new"], done.counts["bad"]) == (4900, 100)
    assert time.process_time() - began < 60  # a machine ten times slower than ours
    assert all(each.what and each.hint for each in outcomes.values() if each.verdict == "bad")


def test_of_two_rows_with_one_id_the_first_is_taken_whole(house):
    """Not a mixture of both: the native id is the first row's, and the second's stays free."""
    outcomes, _ = run(house, "id,type,native\ntwice,vendor-a,first\ntwice,vendor-a,second\nother,vendor-a,second\n")
    assert [each.verdict for each in outcomes.values()] == ["new", "bad", "new"]
    assert house.registry.show_device("twice").native == "first"
    assert house.registry.show_device("other").native == "second"
