"""The clients that devices and gateways use, as they come, against the door: both versions, all QoS, plain and TLS."""

import asyncio
import contextlib
import ssl
import threading

import aiomqtt
import gmqtt
import paho.mqtt.client as paho
import pytest
from gmqtt.mqtt.constants import MQTTv50, MQTTv311

from tests.e2e.certificates import Authority
from tests.raw_client import RawClient, eventually, open_door

UP, DOWN = "sensing/v1/plainjson/p1/up", "sensing/v1/plainjson/p1/down"
MESSAGES = [b"%d" % number for number in range(20)]
MATRIX = [(version, qos, tls) for version in (4, 5) for qos in (0, 1, 2) for tls in (False, True)]
matrix = pytest.mark.parametrize(("version", "qos", "tls"), MATRIX)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
async def door(authority):
    cert, key = authority.issue()
    async with open_door(tls_cert=cert, tls_key=key) as opened:
        yield opened


async def logged(door):
    """Every message is in the log, once and in order."""
    await eventually(lambda: door.log.head() >= len(MESSAGES))
    assert [frame.payload for frame in door.log.frames] == MESSAGES


@matrix
async def test_paho_publishes_and_hears(door, authority, version, qos, tls):
    """paho-mqtt in its own thread: publishes are complete when it says so."""
    client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id="paho", protocol=version)
    client.username_pw_set("p1", "secret-p1")
    if tls:
        client.tls_set(str(authority.ca), tls_version=ssl.PROTOCOL_TLS_CLIENT)
    subscribed, heard = threading.Event(), []
    client.on_connect = lambda client, *_: client.subscribe(DOWN, qos)
    client.on_subscribe = lambda *_: subscribed.set()
    client.on_message = lambda _client, _data, message: heard.append(message.payload)
    await asyncio.to_thread(client.connect, "127.0.0.1", door.tls_port if tls else door.port, 30)
    client.loop_start()
    assert await asyncio.to_thread(subscribed.wait, 10)
    for message in [client.publish(UP, payload, qos) for payload in MESSAGES]:
        await asyncio.to_thread(message.wait_for_publish, 10)
        assert message.is_published()
    await logged(door)
    assert door.send_down("p1", DOWN, b"reply")
    await eventually(lambda: heard == [b"reply"])
    client.disconnect()
    await asyncio.to_thread(client.loop_stop)


@matrix
async def test_aiomqtt_publishes_and_hears(door, authority, version, qos, tls):
    """The client of our simulators."""
    async with aiomqtt.Client(
        "127.0.0.1",
        door.tls_port if tls else door.port,
        username="p1",
        password="secret-p1",
        protocol=aiomqtt.ProtocolVersion(version),
        tls_context=authority.trusting() if tls else None,
    ) as client:
        await client.subscribe("sensing/v1/+/p1/down", qos)
        for payload in MESSAGES:
            await client.publish(UP, payload, qos)
        await logged(door)
        assert door.send_down("p1", DOWN, b"reply")
        async with asyncio.timeout(10):
            async for message in client.messages:
                assert message.payload == b"reply"
                break


@matrix
async def test_gmqtt_publishes_and_hears(door, authority, version, qos, tls):
    """A pure asyncio client with a codec of its own."""
    client = gmqtt.Client("gmqtt")
    client.set_auth_credentials("p1", "secret-p1")
    heard, subscribed = [], asyncio.Event()
    client.on_connect = lambda client, *_: client.subscribe(DOWN, qos)
    client.on_subscribe = lambda *_: subscribed.set()

    def on_message(_client, _topic, payload, _qos, _properties):
        heard.append(payload)
        return 0

    client.on_message = on_message
    context = authority.trusting() if tls else False
    await client.connect(
        "127.0.0.1", door.tls_port if tls else door.port, ssl=context, version=MQTTv50 if version == 5 else MQTTv311
    )
    await asyncio.wait_for(subscribed.wait(), 10)
    for payload in MESSAGES:
        client.publish(UP, payload, qos=qos)
    await logged(door)
    assert door.send_down("p1", DOWN, b"reply")
    await eventually(lambda: heard == [b"reply"])
    await client.disconnect()


@matrix
async def test_mosquitto_pub_publishes(door, authority, version, qos, tls):
    """One process, one message a line; its exit code says that all were acknowledged."""
    publisher = await _mosquitto("mosquitto_pub", door, authority, version, qos, tls, "-t", UP, "-l")
    _, errors = await publisher.communicate(b"\n".join(MESSAGES) + b"\n")
    assert (publisher.returncode, errors) == (0, b"")
    await logged(door)


@matrix
async def test_mosquitto_sub_hears(door, authority, version, qos, tls):
    """Once, then it leaves."""
    subscriber = await _mosquitto("mosquitto_sub", door, authority, version, qos, tls, "-t", DOWN, "-C", "1", "-W", "10")
    await eventually(lambda: door.send_down("p1", DOWN, b"reply"))
    output, errors = await subscriber.communicate()
    assert (subscriber.returncode, output, errors) == (0, b"reply\n", b"")


async def _mosquitto(program, door, authority, version, qos, tls, *more):
    words = [program, "-h", "127.0.0.1", "-i", "mosquitto", "-u", "p1", "-P", "secret-p1", "-q", str(qos)]
    words += ["-V", "mqttv5" if version == 5 else "mqttv311", *more]
    words += ["-p", str(door.tls_port), "--cafile", str(authority.ca)] if tls else ["-p", str(door.port)]
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(*words, stdin=pipe, stdout=pipe, stderr=pipe)


async def test_tls_is_checked_by_clients_and_old_versions_are_refused(authority):
    """Expired, unknown authority, TLS 1.1, and plain MQTT on the TLS port: no CONNECT is ever read."""
    for days in (1, -1):
        cert, key = authority.issue(days)
        async with open_door(tls_cert=cert, tls_key=key) as door:
            if days < 0:
                with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
                    await RawClient.connect(door.tls_port, tls=authority.trusting())
                continue
            client = await RawClient.connect(door.tls_port, tls=authority.trusting())
            assert client.connack.code == 0
            await client.close()
            with pytest.raises(ssl.SSLCertVerificationError):
                await RawClient.connect(door.tls_port, tls=ssl.create_default_context())
            old = authority.trusting()
            with pytest.warns(DeprecationWarning, match="TLSv1_1"):
                old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
            with contextlib.suppress(ssl.SSLError):
                old.set_ciphers("ALL:@SECLEVEL=0")
            with pytest.raises((ssl.SSLError, ConnectionError)):
                await RawClient.connect(door.tls_port, tls=old)
            with pytest.raises((EOFError, ConnectionError)):
                await RawClient.connect(door.tls_port)
            assert door.metrics.get("sensing_connects_accepted_total") == 1
