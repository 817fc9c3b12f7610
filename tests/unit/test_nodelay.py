"""Small messages leave at once: every accepted connection, of pages and of devices, has TCP_NODELAY set.

Without it a batch of the live feed waits for the acknowledgement of the one before, which the other side delays: one in fifteen came 45 ms late.
"""

import asyncio
import socket

import uvicorn

from sensing.settings import Http
from sensing.web.serve import _listen
from tests.live_viewer import until
from tests.raw_client import RawClient, eventually, open_door


def at_once(transport):
    return bool(transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))


async def nothing(_scope, _receive, _send):
    """An app that nobody asks."""


async def test_what_web_says_leaves_at_once():
    """The socket that web listens on, behind the server that it runs behind."""
    server = uvicorn.Server(uvicorn.Config(nothing, log_level="error", lifespan="off"))
    listening = _listen(Http(port=0))
    serving = asyncio.create_task(server.serve([listening]))
    await until(lambda: server.started)
    _, writer = await asyncio.open_connection(*listening.getsockname())
    await until(lambda: server.server_state.connections)
    (accepted,) = server.server_state.connections
    assert at_once(accepted.transport)
    writer.close()
    server.should_exit = True
    await serving


async def test_what_the_door_says_leaves_at_once():
    """Acknowledgements and replies to devices, and the feed of operators' MQTT clients."""
    async with open_door() as door:
        client = await RawClient.connect(door.port)
        await eventually(lambda: door.connected() == 1)
        assert [at_once(connection._transport) for connection in door._connections] == [True]
        await client.close()
