"""What one would write instead of a door: paho behind mosquitto, acknowledging by hand (DECISIONS "Measuring", baseline "paho").

    python -m tests.bench.paho_script PORT FILE COUNT DRIVE

One SQLite row a message, one commit with synchronous=FULL a burst of at most 500, then their acknowledgements. The rows are raw, as
the door's are. DRIVE says how paho is run: `thread` is its own network thread and a queue, as its documentation shows and as people
write it; `hand` reads the socket between two commits on one thread, which is about the fastest that paho can be had. Ends after
COUNT rows.
"""

from __future__ import annotations

import json
import select
import sys
import time
from queue import Empty, SimpleQueue

import apsw
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

BURST = 500
_Queue = SimpleQueue[MQTTMessage]


def threaded(client: Client, queue: _Queue) -> list[MQTTMessage]:
    """The next burst, from paho's thread."""
    found = [queue.get(timeout=60)]
    try:
        while len(found) < BURST:
            found.append(queue.get_nowait())
    except Empty:
        pass
    return found


def by_hand(client: Client, queue: _Queue) -> list[MQTTMessage]:
    """The next burst, read here: whatever the socket has, no thread beside."""
    while True:
        sock = client.socket()
        assert sock is not None, "mosquitto hung up"
        readable, _, _ = select.select([sock], [], [], 0.5)
        while readable and queue.qsize() < BURST:
            before = queue.qsize()
            client.loop_read()
            if queue.qsize() == before:
                break
        while client.want_write():
            client.loop_write()
        client.loop_misc()
        if not queue.empty():
            return [queue.get() for _ in range(queue.qsize())]


def main(port: int, path: str, count: int, drive: str) -> None:
    database = apsw.Connection(path)
    database.pragma("journal_mode", "wal")
    database.pragma("synchronous", "full")
    database.pragma("wal_autocheckpoint", 4_000)
    database.execute("CREATE TABLE messages(id INTEGER PRIMARY KEY, received REAL, topic TEXT, payload BLOB)")
    queue: _Queue = SimpleQueue()
    client = Client(CallbackAPIVersion.VERSION2, "baseline", clean_session=False, manual_ack=True)
    client.on_message = lambda _client, _data, message: queue.put(message)
    client.on_subscribe = lambda *_: print("ready", flush=True)
    client.connect("127.0.0.1", port)
    while not client.is_connected():
        client.loop()
    client.subscribe("sensing/#", 1)
    burst = by_hand if drive == "hand" else threaded
    if drive == "thread":
        client.loop_start()
    done = commits = 0
    cpu = time.process_time()
    while done < count:
        found = burst(client, queue)
        with database:
            database.executemany("INSERT INTO messages(received, topic, payload) VALUES(?,?,?)", [
                (time.time(), message.topic, message.payload) for message in found])  # fmt: skip
        for message in found:
            client.ack(message.mid, message.qos)
        done += len(found)
        commits += 1
    at, cpu = time.monotonic(), time.process_time() - cpu
    stored = database.execute("SELECT count(*) FROM messages").get
    if drive == "thread":
        client.loop_stop()
    print(json.dumps({"rows": stored, "commits": commits, "at": at, "cpu": cpu}), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4])
