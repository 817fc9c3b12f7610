"""A client certificate in the place of a password, at the real door over real TLS, against the real registry."""

import asyncio
import contextlib
import datetime as dt
import ssl
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from sensing.audit import Actor
from sensing.errors import ConflictError, NotFoundError, ValidationError
from sensing.metrics import Metrics
from sensing.mqtt import packets as p
from sensing.mqtt.committer import Committer
from sensing.mqtt.door import Door
from sensing.registry import RegistryGatekeeper, bootstrap
from sensing.registry import authority as authority_module
from sensing.registry.authority import Authority, existing
from sensing.settings import Settings
from tests.e2e.certificates import Authority as ServerAuthority
from tests.e2e.certificates import name
from tests.fakes import MemoryLog
from tests.raw_client import ADAPTERS, RawClient

ME = Actor("tester")
REFUSED = 5
"""CONNACK of MQTT 3.1.1: not authorised, whatever was wrong."""


class Place:
    """A registry with its authority, and the files of a door."""

    def __init__(self, folder):
        self.folder = folder
        self.registry = bootstrap(folder, {})
        self.authority = Authority(folder)
        self.server = ServerAuthority(folder)
        self.cert, self.key = self.server.issue()
        self.passwords = {
            name: self.registry.register_principal(name, "gateway", actor=ME).password for name in ("dtu-1", "dtu-2", "dtu-3")
        }
        self.authority.certificate()

    def certify(self, principal, made=None, **more):
        """(certificate, its credential), registered."""
        made = made or self.authority.issue(principal, 30)
        fields = {"subject": made.subject, "expires": made.expires, "actor": ME, **more}
        return made, self.registry.add_certificate(principal, made.fingerprint, **fields)

    def showing(self, made):
        """The TLS of a client that trusts the server and shows this certificate; None shows nothing."""
        context = self.server.trusting()
        if made is not None:
            path = self.folder / f"client-{made.fingerprint[:16]}.pem"
            path.write_text(made.key + made.pem)
            context.load_cert_chain(path)
        return context

    @contextlib.asynccontextmanager
    async def door(self, **more):
        fields = {
            "port": 0,
            "tls_port": 0,
            "tls_cert": self.cert,
            "tls_key": self.key,
            "tls_client_ca": self.folder / "ca.crt",
            **more,
        }
        settings, metrics, log = Settings(mqtt=fields), Metrics(), MemoryLog()
        committer = Committer(log, settings.commit, metrics)
        gatekeeper = RegistryGatekeeper(self.folder / "registry.db")
        door = Door(settings, committer, gatekeeper, ADAPTERS, metrics, clock=False)
        door.log = log
        await door.start()
        try:
            yield door
        finally:
            await door.stop()
            await committer.stop()
            gatekeeper.close()


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    found = Place(tmp_path_factory.mktemp("data"))
    yield found
    found.registry.close()


async def come(door, context, username, password=None, version=4):
    """The code of CONNACK, and the client; the code is None when TLS itself ended it."""
    try:
        client = await RawClient.connect(
            door.tls_port, username or "x", version, tls=context, username=username, password=password
        )
    except (EOFError, ConnectionError, ssl.SSLError):
        return None, None
    return client.connack.code, client


async def code(door, context, username, password=None):
    found, client = await come(door, context, username, password)
    if client is not None:
        await (client.ended() if found else client.close())
    return found


async def test_a_certificate_opens_without_a_password_and_marks_what_is_sent(place):
    """Named by the username, or by the certificate itself; origin and run are the credential's; a password still opens beside it."""
    made, _ = place.certify("dtu-1")
    drill, credential = place.certify("dtu-1", origin="simulated", run="megi-1")
    async with place.door() as door:
        for username in ("dtu-1", None):
            found, client = await come(door, place.showing(made), username)
            assert found == 0
            client.say(p.Publish("sensing/v1/plainjson/dtu-1/up", b"{}", 1, 1))
            assert await client.hear() == p.Puback(1)
            await client.close()
        _, client = await come(door, place.showing(drill), "dtu-1")
        client.say(p.Publish("sensing/v1/plainjson/dtu-1/up", b"{}", 1, 1))
        assert await client.hear() == p.Puback(1)
        await client.close()
        assert [(frame.source.origin, frame.source.run) for frame in door.log.frames] == [("live", "")] * 2 + [
            ("simulated", "megi-1")
        ]
        assert await code(door, place.showing(None), "dtu-1", place.passwords["dtu-1"].encode()) == 0
        assert await code(door, place.showing(made), "dtu-2", place.passwords["dtu-2"].encode()) == 0
    listed = {each.id: each for each in place.registry.show_principal("dtu-1").credentials}
    assert listed[credential.id].certificate == drill.fingerprint
    assert listed[credential.id].expires == drill.expires


async def test_a_certificate_opens_nothing_that_is_not_its_own(place):
    """Another principal's, one that nobody registered, none at all, one without a username and with a name that is no principal."""
    made, _ = place.certify("dtu-2")
    stranger = place.authority.issue("dtu-1", 30)
    nameless = place.authority.issue("No Such Name", 30)
    async with place.door() as door:
        assert await code(door, place.showing(made), "dtu-1") == REFUSED
        assert await code(door, place.showing(stranger), "dtu-1") == REFUSED
        assert await code(door, place.showing(nameless), None) == REFUSED
        assert await code(door, place.showing(None), "dtu-2") == REFUSED
        assert await code(door, place.showing(made), "dtu-2", b"wrong") == REFUSED
        assert await code(door, place.showing(made), "dtu-2") == 0


async def test_tls_refuses_another_authority_and_a_certificate_that_is_over(place, tmp_path):
    """Both are registered as they are: the handshake ends before a word is read."""
    (tmp_path / "other").mkdir()
    other = Authority(tmp_path / "other")
    foreign, _ = place.certify("dtu-3", other.issue("dtu-3", 30))
    over = backdated(place.authority, "dtu-3")
    place.registry.add_certificate("dtu-3", over.fingerprint, subject=over.subject, expires=over.expires + 10**14, actor=ME)
    good, _ = place.certify("dtu-3")
    async with place.door() as door:
        assert await code(door, place.showing(foreign), "dtu-3") is None
        assert await code(door, place.showing(over), "dtu-3") is None
        assert await code(door, place.showing(good), "dtu-3") == 0


def backdated(authority, principal):
    """A certificate of the house's own authority that ended a day ago."""
    made = authority.issue(principal, 1)
    key = serialization.load_pem_private_key(made.key.encode(), None)
    issuer, signer = authority._open()
    now, day = dt.datetime.now(dt.UTC), dt.timedelta(days=1)
    builder = authority_module._builder(principal, issuer.subject, key.public_key(), now - 9 * day, now - day)
    told = authority_module._told(builder.sign(signer, hashes.SHA256()))
    told.key = made.key
    return told


async def test_a_revoked_certificate_is_out_and_may_not_come_back(place):
    """An open connection is closed within five seconds; a neighbour with a password notices nothing."""
    made, credential = place.certify("dtu-1")
    async with place.door() as door:
        found, client = await come(door, place.showing(made), "dtu-1", version=5)
        assert found == 0
        neighbour = await RawClient.connect(
            door.tls_port, "dtu-2", tls=place.showing(None), password=place.passwords["dtu-2"].encode()
        )
        place.registry.revoke_principal("dtu-1", credential.id, actor=ME)
        async with asyncio.timeout(5):
            assert await client.ended() == [p.Disconnect(0x87)]
        assert await code(door, place.showing(made), "dtu-1") == REFUSED
        neighbour.say(p.Pingreq())
        assert type(await neighbour.hear()) is p.Pingresp
        await neighbour.close()


async def test_a_usual_client_comes_in_with_it(place):
    """paho, as a device would: TLS with its files, a username, no password; what it publishes is acknowledged."""
    made, _ = place.certify("dtu-1")
    context = place.showing(made)
    async with place.door() as door:
        port = door.tls_port

        def device():
            acknowledged = threading.Event()
            client = mqtt.Client(CallbackAPIVersion.VERSION2, "paho-1")
            client.tls_set_context(context)
            client.username_pw_set("dtu-1")
            client.on_publish = lambda *_: acknowledged.set()
            client.on_connect = lambda *_: client.publish("sensing/v1/plainjson/dtu-1/up", b"{}", qos=1)
            client.connect("127.0.0.1", port)
            client.loop_start()
            try:
                return acknowledged.wait(10)
            finally:
                client.disconnect()
                client.loop_stop()

        assert await asyncio.to_thread(device)
        assert door.log.head() == 1


async def test_without_the_setting_nobody_is_asked_for_a_certificate(place):
    """A client that shows one all the same is not known by it."""
    made, _ = place.certify("dtu-1")
    async with place.door(tls_client_ca=None) as door:
        assert await code(door, place.showing(made), "dtu-1") == REFUSED


@pytest.mark.parametrize("wrong", [{"tls_cert": None, "tls_key": None}, {"tls_client_ca": "/nowhere/ca.crt"}])
async def test_a_setting_that_cannot_hold_stops_the_door(place, wrong):
    with pytest.raises(ValidationError, match="tls_client_ca"):
        async with place.door(**wrong):
            raise AssertionError


def request(key, principal="whatever"):
    made = x509.CertificateSigningRequestBuilder().subject_name(name(principal)).sign(key, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.PEM).decode()


def test_a_request_is_signed_for_its_key_alone(place):
    """Its subject, and whatever else it asks for, is not heard: the name is the principal's, the use is a client's."""
    key = ec.generate_private_key(ec.SECP256R1())
    made = place.authority.sign("dtu-1", request(key, "dtu-2"), 10)
    found = x509.load_pem_x509_certificate(made.pem.encode())
    assert found.subject == name("dtu-1")
    assert found.public_key() == key.public_key()
    assert not found.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert made.key == ""


@pytest.mark.parametrize(
    "text",
    ["", "nonsense", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"],
    ids=["empty", "text", "cut"],
)
def test_what_is_no_request_is_refused(place, text):
    with pytest.raises(ValidationError):
        place.authority.sign("dtu-1", text, 10)


def test_weak_keys_and_strange_lives_are_refused(place):
    weak = rsa.generate_private_key(65_537, 1_024)
    with pytest.raises(ValidationError, match="weak"):
        place.authority.sign("dtu-1", request(weak), 10)
    for days in (0, 4_000):
        with pytest.raises(ValidationError, match="days"):
            place.authority.issue("dtu-1", days)


def test_the_authority_keeps_its_key_and_stays_the_same(place):
    """0600, made once; files that do not fit together are told, not replaced."""
    assert (place.folder / "ca.key").stat().st_mode & 0o777 == 0o600
    assert Authority(place.folder).certificate() == place.authority.certificate()


def test_files_that_do_not_fit_are_told(place, tmp_path):
    Authority(tmp_path).certificate()
    (tmp_path / "ca.crt").write_text(place.authority.certificate())
    with pytest.raises(ValidationError, match="does not fit"):
        Authority(tmp_path).issue("dtu-1", 1)


def test_a_certificate_is_known_once(place):
    """Of one principal, for ever; of one that exists; and only while it lasts."""
    made, _ = place.certify("dtu-1")
    with pytest.raises(ConflictError, match="of dtu-1"):
        place.certify("dtu-2", made)
    with pytest.raises(NotFoundError):
        place.certify("nobody", place.authority.issue("nobody", 1))
    assert existing(made.pem).fingerprint == made.fingerprint
    with pytest.raises(ValidationError, match="ended"):
        existing(backdated(place.authority, "dtu-1").pem)
    with pytest.raises(ValidationError, match="cannot be read"):
        existing("nonsense")
