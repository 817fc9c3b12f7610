"""A process with a log, a committer and subscribers, and nothing else: made to be killed.

python -m tests.e2e.subscriber_process DATA SETTINGS_JSON [--slot N] [--adapters sl651,plainjson]
Frames go to DATA/log.db; `DATA/ready` is written when every subscriber has its subscriptions. SIGTERM stops it in order.
`--slot` runs one slot of the first broker only, so that slots can be processes with a DATA of their own.
"""

import argparse
import asyncio
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

from sensing import logs
from sensing.framelog.sqlite import SqliteLog
from sensing.metrics import Metrics
from sensing.mqtt import subscriber
from sensing.mqtt.committer import Committer
from sensing.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


async def serve(data, settings, adapters, slot):
    log, metrics = SqliteLog(data / "log.db"), Metrics()
    committer = Committer(log, settings.commit, metrics)
    committer.start()
    subscriber.BACKOFF_FIRST_S = 0.1
    ours = subscriber.subscribers(settings, committer, adapters, metrics, lambda *_refusal: None)
    ours = ours if slot is None else [ours[slot]]
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    for one in ours:
        one.start()
    while not stop.is_set():
        subscribed = [text for text in metrics.text().splitlines() if text.startswith("sensing_broker_durable{")]
        if len(subscribed) == len(ours):
            (data / "ready").touch()
        metrics.write(data / "metrics.prom")
        await asyncio.wait([asyncio.create_task(stop.wait())], timeout=0.05)
    for one in ours:
        one.stop()
    for one in ours:
        await asyncio.to_thread(one.join)
    await committer.stop()
    log.close()


def start(data, settings, *, slot=None, adapters="sl651", patience_s=20.0):
    """Start it and wait until it is subscribed."""
    data.mkdir(parents=True, exist_ok=True)
    (data / "ready").unlink(missing_ok=True)
    command = [sys.executable, "-m", "tests.e2e.subscriber_process", str(data), json.dumps(settings), "--adapters", adapters]
    with (data / "stderr").open("ab") as errors:
        process = subprocess.Popen(command + (["--slot", str(slot)] if slot is not None else []), cwd=ROOT, stderr=errors)
    until = time.monotonic() + patience_s
    while not (data / "ready").exists():
        assert process.poll() is None, (data / "stderr").read_text()
        if time.monotonic() > until:
            process.kill()
            process.wait()
            raise TimeoutError((data / "stderr").read_text())
        time.sleep(0.02)
    return process


def stored(data):
    """Payloads in its log, in order, with repetitions."""
    log = SqliteLog(data / "log.db", write=False)
    try:
        return [frame.payload for frame in log.read(0, 10_000_000)]
    finally:
        log.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("settings", type=json.loads)
    parser.add_argument("--slot", type=int)
    parser.add_argument("--adapters", default="sl651")
    given = parser.parse_args()
    logs.setup("subscriber")
    asyncio.run(serve(given.data, Settings.model_validate(given.settings), frozenset(given.adapters.split(",")), given.slot))


if __name__ == "__main__":
    main()
