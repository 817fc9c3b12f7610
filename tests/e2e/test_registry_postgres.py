"""The registry on PostgreSQL: the contract suite of `tests/contract/registry`, whole, over a real server; and what only several machines do."""

import threading

import pytest

from sensing.errors import UnreachableError
from sensing.registry import DeviceForm, Registry, RegistryDirectory, RegistryGatekeeper, located
from sensing.registry.engines import FILE
from sensing.settings import RegistrySettings
from tests.contract.registry import conftest as contract
from tests.contract.registry import (
    test_devices,
    test_identifiers,
    test_imports,
    test_migrating,
    test_principals,
    test_reading,
    test_registering,
    test_rights,
)
from tests.contract.registry.test_migrating import old as old  # noqa: PLC0414 a fixture
from tests.postgres import Postgres

for suite in (
    test_devices,
    test_identifiers,
    test_imports,
    test_migrating,
    test_principals,
    test_reading,
    test_registering,
    test_rights,
):
    globals().update({name: found for name, found in vars(suite).items() if name.startswith("test_")})


@pytest.fixture(scope="module")
def server():
    with Postgres() as running:
        yield running


@pytest.fixture
def where(server, tmp_path):
    """A database of its own, found as an operator would say it: by the settings, with the password in a file."""
    url = server.url("postgresql")
    scheme, _, rest = url.partition("://")
    user, _, at = rest.partition("@")
    secret = tmp_path / "password"
    secret.write_text(server.password + "\n")
    settings = RegistrySettings(url=f"{scheme}://{user.partition(':')[0]}@{at}", password_file=secret)
    return located(tmp_path, settings)


@pytest.fixture
def house(where):
    found = contract.House(where)
    yield found
    found.close()


def test_the_password_shows_nowhere(where, server):
    """Neither the address nor an error that names it has the password in it."""
    assert server.password not in repr(where) + str(where)
    with pytest.raises(UnreachableError) as caught:
        Registry(where.set(password="wrong-" + server.password), {})
    assert server.password not in str(caught.value)


def test_several_webs_number_their_changes_in_turn(where):
    """Four registries that write at once: no change is lost, no number given twice, the audit is one chain, labels differ."""
    houses = [Registry(where, contract.TYPES) for _ in range(4)]
    failed = []

    def register(number, registry):
        try:
            for count in range(10):
                registry.register_device(
                    DeviceForm.read({"id": f"d-{number}-{count}", "type": "vendor-a"}), actor=contract.ENGINEER
                )
        except Exception as error:  # noqa: BLE001 - told to the test
            failed.append(error)

    before = houses[0].version()
    threads = [threading.Thread(target=register, args=pair) for pair in enumerate(houses)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert houses[0].version() == before + 40
    assert houses[1].first_bad_audit_line() is None
    assert len({device.label for device in houses[2].each_device()}) == 40
    for registry in houses:
        registry.close()


def test_readers_come_back_after_the_server_did(tmp_path):
    """A crash of the database is an error with a remedy while it lasts, and forgotten when it is over."""
    with Postgres() as server:
        place = located(
            tmp_path,
            RegistrySettings(url=server.url("postgresql").replace(f":{server.password}", ""), password_env="PW"),
            {"PW": server.password},
        )
        registry = Registry(place, contract.TYPES)
        credential = registry.register_device(
            DeviceForm.read({"id": "d-1", "type": "vendor-a"}), actor=contract.ENGINEER
        ).credential
        directory, door = RegistryDirectory(place, contract.TYPES), RegistryGatekeeper(place)
        server.kill()
        for ask in (directory.version, lambda: door.authenticate("d-1", b"x"), registry.version):
            with pytest.raises(UnreachableError):
                ask()
        server.start()
        assert directory.version() == registry.version()
        assert directory.find("plainjson", "d-1").id == "d-1"
        assert door.authenticate("d-1", credential.password.encode()).principal == "d-1"
        for each in (directory, door, registry):
            each.close()


def test_without_a_setting_it_is_the_file(tmp_path):
    """Nobody needs a server."""
    assert located(tmp_path, RegistrySettings()) == tmp_path / FILE
