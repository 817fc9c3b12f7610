"""A broker that does what the test says, a packet at a time, so that every race can be put in its order."""

import asyncio

from sensing.mqtt import packets as p
from sensing.mqtt.wire import Decoder, encode


class Line:
    """One connection of the broker's side: `got` are the packets that came."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.decoder = Decoder()
        self.got = []
        self.closed = False

    def send(self, *packets):
        self.writer.write(b"".join(encode(packet, self.decoder.version) for packet in packets))

    def deliver(self, *bodies, topic="sensing/v1/sl651/gw-1/up", first=1, qos=1, **marks):
        """PUBLISH with packet ids from `first`, as a broker does that knows nothing of an older connection."""
        self.send(*[p.Publish(topic, body, qos, first + at if qos else 0, **marks) for at, body in enumerate(bodies)])

    def drop(self):
        self.writer.transport.abort()

    def acknowledged(self):
        return [packet.pid for packet in self.got if isinstance(packet, p.Puback)]

    def of(self, kind):
        return [packet for packet in self.got if isinstance(packet, kind)]


class ScriptedBroker:
    """Accepts, answers CONNECT with `session_present` and SUBSCRIBE with `granted`, and leaves the rest to the test."""

    def __init__(self, session_present=False, granted=1, refuse=0):
        self.session_present, self.granted, self.refuse = session_present, granted, refuse
        self.lines = []

    async def __aenter__(self):
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_error):
        self.server.close()
        for line in self.lines:
            line.drop()
        await until(lambda: all(line.closed for line in self.lines))

    async def line(self, number):
        """The `number`th connection, counted from 1, once it is subscribed."""
        await until(lambda: len(self.lines) >= number and self.lines[number - 1].of(p.Subscribe))
        return self.lines[number - 1]

    async def _serve(self, reader, writer):
        line = Line(reader, writer)
        self.lines.append(line)
        try:
            while data := await reader.read(65536):
                for packet in line.decoder.feed(data):
                    line.got.append(packet)
                    self._answer(line, packet)
        except ConnectionError:
            pass
        finally:
            line.closed = True
            writer.close()

    def _answer(self, line, packet):
        if isinstance(packet, p.Connect):
            line.send(p.Connack(self.session_present and not self.refuse, self.refuse))
        elif isinstance(packet, p.Subscribe):
            line.send(p.Suback(packet.pid, (self.granted,) * len(packet.filters)))
        elif isinstance(packet, p.Publish) and packet.qos:
            line.send(p.Puback(packet.pid))
        elif isinstance(packet, p.Pingreq):
            line.send(p.Pingresp())


async def until(met, patience_s=10.0):
    """Wait for a condition; fails when it does not come about."""
    async with asyncio.timeout(patience_s):
        while not met():  # noqa: ASYNC110 conditions are of any kind, and come from threads too
            await asyncio.sleep(0.002)
