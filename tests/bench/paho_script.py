"""What one would write instead of a door: paho behind mosquitto, acknowledging by hand (DECISIONS "Measuring", baseline "paho").

    python -m tests.bench.paho_script PORT FILE COUNT

One SQLite row a message, one commit with synchronous=FULL a burst of at most 500, then their acknowledgements. The rows are raw, as
the door's are. It drives paho's own reading by hand, which is faster than paho's thread. Ends after COUNT rows.
"""

from __future__ import annotations

import json
import select
import sys
import time

import apsw
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

BURST = 500


def main(port: int, path: str, count: int) -> None:
    database = apsw.Connection(path)
    database.pragma("journal_mode", "wal")
    database.pragma("synchronous", "full")
    database.pragma("wal_autocheckpoint", 4_000)
    database.execute("CREATE TABLE messages(id INTEGER PRIMARY KEY, received REAL, topic TEXT, payload BLOB)")
    waiting: list[MQTTMessage] = []
    client = Client(CallbackAPIVersion.VERSION2, "baseline", clean_session=False, manual_ack=True)
    client.on_message = lambda _client, _data, message: waiting.append(message)
    client.on_connect = lambda *_: client.subscribe("sensing/#", 1)
    client.on_subscribe = lambda *_: print("ready", flush=True)
    client.connect("127.0.0.1", port)
    done = commits = 0
    cpu = time.process_time()
    while done < count:
        sock = client.socket()
        assert sock is not None, "mosquitto hung up"
        readable, _, _ = select.select([sock], [], [], 0.5)
        while readable and len(waiting) < BURST:
            before = len(waiting)
            client.loop_read()
            if len(waiting) == before:
                break
        while client.want_write():
            client.loop_write()
        client.loop_misc()
        if waiting:
            with database:
                database.executemany("INSERT INTO messages(received, topic, payload) VALUES(?,?,?)", [
                    (time.time(), message.topic, message.payload) for message in waiting])  # fmt: skip
            for message in waiting:
                client.ack(message.mid, message.qos)
            done += len(waiting)
            commits += 1
            waiting.clear()
    stored = database.execute("SELECT count(*) FROM messages").get
    print(json.dumps({"rows": stored, "commits": commits, "at": time.monotonic(), "cpu": time.process_time() - cpu}), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
