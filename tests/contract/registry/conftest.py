"""What every back end of the registry must do is in this folder. A new back end is one more entry of BACK_ENDS."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from sensing.audit import Actor
from sensing.registry import (
    DeviceChanges,
    DeviceForm,
    Registry,
    RegistryDirectory,
    RegistryGatekeeper,
)

BACK_ENDS = {"sqlite": lambda folder: Path(folder) / "registry.db"}
ENGINEER = Actor("wang", "10.0.0.7")
HOUR = 3_600_000_000
TYPES = {
    "river-gauge": SimpleNamespace(
        id="river-gauge",
        adapter="sl651",
        domain="safety",
        settings={"anchor": "begin", "tolerate": []},
        limits={"water_level": (-5, 60)},
    ),
    "vendor-a": SimpleNamespace(id="vendor-a", adapter="plainjson", domain="city", settings={"map": {"a": 1}}, limits={}),
    "vendor-b": SimpleNamespace(
        id="vendor-b", adapter="plainjson", domain="city", settings={"map": {"b": 2}}, limits={}, units={"rainfall": "cm"}
    ),
}


class Clock:
    """A clock that a test moves."""

    def __init__(self):
        self.now = 1_790_000_000_000_000

    def __call__(self):
        return self.now


class House:
    """One registry and its two readers over the same database."""

    def __init__(self, where):
        self.clock = Clock()
        self.registry = Registry(where, TYPES, self.clock)
        self.directory = RegistryDirectory(where, TYPES, capacity=8)
        self.door = RegistryGatekeeper(where, self.clock)

    def close(self):
        self.directory.close()
        self.door.close()
        self.registry.close()

    def register(self, device_id, **fields):
        form = DeviceForm.read({"id": device_id, "type": "vendor-a"} | fields)
        return self.registry.register_device(form, actor=ENGINEER)

    def edit(self, device_id, valid_from=None, **fields):
        return self.registry.edit_device(device_id, DeviceChanges.read(fields), actor=ENGINEER, valid_from=valid_from)

    def last(self):
        return self.registry.audit_lines(limit=1)[0]


@pytest.fixture(params=BACK_ENDS)
def where(request, tmp_path):
    return BACK_ENDS[request.param](tmp_path)


@pytest.fixture
def house(where):
    house = House(where)
    yield house
    house.close()
