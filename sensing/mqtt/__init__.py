"""The ways in over MQTT: our own endpoint (`door`) and a client of other people's brokers (`subscriber`).

- packets, reading, properties, wire, write: the codec, bytes to packets and back; no socket, no clock
- rights, limits, admission: who may connect, publish where, how fast
- session, backlog, dialogue: one connection's protocol; no socket
- committer: group commit, many frames to one fsync, then their acknowledgements
- connection, listeners, door: the asyncio skin
"""
