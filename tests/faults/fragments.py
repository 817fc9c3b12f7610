"""Messages in parts, of every adapter that has them: what they say, and how they are cut.

`MESSAGES[kind](number)` is (adapter, native, parts). Each kind is a device of its own; numbers count hours.
"""

from adapters import sl651
from adapters._wire.ais_encode import report
from adapters._wire.sl651_examples import reading
from sensing.times import HOUR, SECOND
from tests.hj212_frames import MN, frame, parts

START = 1_790_000_040 * SECOND // HOUR * HOUR
OTHER = "350600A8900016F000169DC1"
GUIDES = ("39", "20", "26", "38", "02", "03", "18", "08")


def sl651_packets(number):
    """Mode M3: eight elements in four packets, cut where the bytes happen to end."""
    at = START + number * HOUR
    said = [reading(guide, 1 + place + number / 8, time=at, sent=at + 5 * SECOND) for place, guide in enumerate(GUIDES)]
    return "sl651", "0012345678", sl651.encode(said, sl651.Link(serial=number + 1, packet=18))


def hj212_cut_anywhere(number):
    """Parts that are read only together: each is cut within an item."""
    stamp = f"202608{1 + number // 24:02d}{number % 24:02d}0000"
    texts = (
        f"DataTime={stamp};a21026-Avg={number}.25,a210",
        f"26-Flag=N;a34004-Avg={number}",
        ".5,a34004-Flag=N;a01001-Av",
        "g=25.5",
    )
    return "hj212", MN, parts(*texts, qn=f"{stamp}123", cn="2061")


def hj212_alone(number):
    """Parts that stand by themselves, as the standard's examples do."""
    stamp = f"202608{1 + number // 24:02d}{number % 24:02d}0000"
    texts = [f"DataTime={stamp};{code}-Avg={number}.25,{code}-Flag=N" for code in ("a21026", "a34004", "a01001")]
    total = len(texts)
    return "hj212", OTHER, [
        frame(cp, cn="2061", st="31", flag="7", extra=f"PNUM={total};PNO={at};", qn=f"{stamp}123", mn=OTHER) for at, cp in enumerate(texts, 1)
    ]  # fmt: skip


def ais_static(number):
    """A static report (type 5) in two sentences; sequence numbers come round."""
    said = {"msg_type": 5, "mmsi": 413372870, "shipname": f"FUJIAN {number}", "draught": 1 + number % 200 / 10}
    return "ais", "413372870", report(said, sequence=number % 10, time=START + number * HOUR)


MESSAGES = {one.__name__: one for one in (sl651_packets, hj212_cut_anywhere, hj212_alone, ais_static)}
