"""How tests/hostile.py fills 64 KiB."""

import base64
import json

SIZE = 65_536


def fill(unit, head=b"", tail=b""):
    """`head`, as many of `unit` as go in, `tail`."""
    room = SIZE - len(head) - len(tail)
    return head + unit * (room // len(unit)) + tail


def many(make, joint=b""):
    """make(0), make(1), ... as many as go in."""
    found, size = [], 0
    while size + len(one := make(len(found)) + joint) <= SIZE:
        found.append(one)
        size += len(one)
    return b"".join(found)


def shut(unit, back):
    """Nested, and closed again."""
    depth = SIZE // (len(unit) + len(back))
    return unit * depth + back * depth


def array(unit):
    return fill(unit + b",", b"[", unit + b"]")


def data(name, length, payload, **more):
    """A JSON wrapper with base64 of a payload repeated."""
    said = base64.b64encode((payload * (length // len(payload) + 1))[: length - length % 3]).decode()
    return json.dumps({**more, name: said}).encode()


def wrapped(payload, deep):
    """JSON in base64 in JSON ..., so many layers deep that they go in."""
    for _ in range(deep):
        payload = json.dumps({"data": base64.b64encode(payload).decode()}).encode()
    return payload
