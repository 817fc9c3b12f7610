"""Handing a command to the log: over MQTT to the door when the service runs, straight into the log when nothing does.

Either way it is a frame like any other, and `publish` returns only when it is durable.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from sensing import runfile, times, topics
from sensing.access import new_token
from sensing.errors import TimedOutError, UnreachableError
from sensing.framelog.sqlite import SqliteLog
from sensing.model import Frame, Source
from sensing.registry import Credential
from sensing.work import Work

TOPIC = topics.up("command", "web")
_WAIT_S = 10.0
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 compared, not bound


class OverMqtt:
    """One connection a command: commands are rare, and the door may have been started anew since the last."""

    def __init__(self, data: Path, credential: Credential) -> None:
        self._data = data
        self._credential = credential

    def __call__(self, command: dict[str, Any]) -> None:
        """Publish with QoS 1 and wait for the PUBACK, that is for the disk. Raises UnreachableError, TimedOutError."""
        host, port = self._door()
        client = mqtt.Client(CallbackAPIVersion.VERSION2, f"web-{new_token()[:12]}", protocol=mqtt.MQTTv311)
        client.username_pw_set(self._credential.username, self._credential.password)
        answered, refused = threading.Event(), []

        def on_connect(_client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
            if reason.is_failure:
                refused.append(str(reason))
            answered.set()

        client.on_connect = on_connect
        client.connect_timeout = _WAIT_S
        try:
            client.connect(host, port)
        except OSError as error:
            raise UnreachableError(
                f"the door at {host}:{port} does not answer: {error}", "`sensing status` shows the roles"
            ) from None
        client.loop_start()
        try:
            if not answered.wait(_WAIT_S) or refused:
                raise UnreachableError(
                    f"the door refused the service's own command: {refused or 'no CONNACK'}", "restart the web role"
                )
            self._send(client, msgspec.json.encode(command))
        finally:
            client.disconnect()
            client.loop_stop()

    def _send(self, client: mqtt.Client, payload: bytes) -> None:
        sent = client.publish(TOPIC, payload, qos=1)
        if sent.rc is not MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise UnreachableError(f"the command was not sent: {mqtt.error_string(sent.rc)}", "try again")
        sent.wait_for_publish(_WAIT_S)
        if not sent.is_published():
            raise TimedOutError(
                "the door did not acknowledge the command", "is the disk full? It may still be obeyed: look before repeating"
            )

    def _door(self) -> tuple[str, int]:
        """Where the door listens in plain on this machine, as it says itself."""
        about = runfile.read(self._data, "run/door.json")
        if about is None or not about.get("port"):
            raise UnreachableError("the door is not up", "`sensing status` shows the roles")
        host = str(about.get("host") or "")
        return _LOOPBACK.get(host, host), int(about["port"])


class Straight:
    """Appends to the log and lets work go through it, in this process. The caller holds the data folder's lock."""

    def __init__(self, data: Path, make_work: Callable[[], Work]) -> None:
        self._data = data
        self._make_work = make_work
        self._lock = threading.Lock()

    def __call__(self, command: dict[str, Any]) -> None:
        source = Source("command", "web", TOPIC, "up")
        with self._lock:
            log = SqliteLog(self._data / "log.db")
            try:
                log.append([Frame(source, times.now(), msgspec.json.encode(command))])
            finally:
                log.close()
            work = self._make_work()
            try:
                while work.step():
                    pass
            finally:
                work.store.close()
                work.log.close()
