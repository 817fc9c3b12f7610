"""What CAP 1.2 (OASIS CAP-v1.2-os, 1 July 2010) demands of a message, element by element, as a table: for tests of what we write.

Each row: parent, element, least and most times, the clause, and what its text must be. Order in the table is the order of the schema (appendix A).
"""

import re
from datetime import datetime

NS = "{urn:oasis:names:tc:emergency:cap:1.2}"
MANY = 999
WORD = re.compile(r"[^ ,<&]+")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d")
PAIR = re.compile(r"-?\d+(\.\d+)?,-?\d+(\.\d+)?")
CIRCLE = re.compile(r"-?\d+(\.\d+)?,-?\d+(\.\d+)? \d+(\.\d+)?")


def words(*allowed):
    return lambda text: text in allowed


def time(text):
    """3.3.2: dateTime with an offset; UTC is -00:00, never Z nor +00:00."""
    return bool(TIME.fullmatch(text)) and not text.endswith("+00:00") and datetime.fromisoformat(text) is not None


def references(text):
    return all(len(each.split(",")) == 3 and time(each.split(",")[2]) for each in text.split())


def polygon(text):
    pairs = text.split(" ")
    return len(pairs) >= 4 and pairs[0] == pairs[-1] and all(map(PAIR.fullmatch, pairs))


def some(text):
    return bool(text.strip())


RULES = (
    ("alert", "identifier", 1, 1, "3.2.1", WORD.fullmatch),
    ("alert", "sender", 1, 1, "3.2.1", WORD.fullmatch),
    ("alert", "sent", 1, 1, "3.2.1, 3.3.2", time),
    ("alert", "status", 1, 1, "3.2.1", words("Actual", "Exercise", "System", "Test", "Draft")),
    ("alert", "msgType", 1, 1, "3.2.1", words("Alert", "Update", "Cancel", "Ack", "Error")),
    ("alert", "source", 0, 1, "3.2.1", some),
    ("alert", "scope", 1, 1, "3.2.1", words("Public", "Restricted", "Private")),
    ("alert", "restriction", 0, 1, "3.2.1", some),
    ("alert", "addresses", 0, 1, "3.2.1", some),
    ("alert", "code", 0, MANY, "3.2.1", some),
    ("alert", "note", 0, 1, "3.2.1", some),
    ("alert", "references", 0, 1, "3.2.1", references),
    ("alert", "incidents", 0, 1, "3.2.1", some),
    ("alert", "info", 0, MANY, "3.2.1", None),
    ("info", "language", 0, 1, "3.2.2, RFC 3066", re.compile(r"[a-z]{2,3}-[A-Z]{2}").fullmatch),
    ("info", "category", 1, MANY, "3.2.2", words(
        "Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra", "CBRNE", "Other")),
    ("info", "event", 1, 1, "3.2.2", some),
    ("info", "responseType", 0, MANY, "3.2.2", words(
        "Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear", "None")),
    ("info", "urgency", 1, 1, "3.2.2", words("Immediate", "Expected", "Future", "Past", "Unknown")),
    ("info", "severity", 1, 1, "3.2.2", words("Extreme", "Severe", "Moderate", "Minor", "Unknown")),
    ("info", "certainty", 1, 1, "3.2.2", words("Observed", "Likely", "Possible", "Unlikely", "Unknown")),
    ("info", "audience", 0, 1, "3.2.2", some),
    ("info", "eventCode", 0, MANY, "3.2.2", None),
    ("info", "effective", 0, 1, "3.2.2", time),
    ("info", "onset", 0, 1, "3.2.2", time),
    ("info", "expires", 0, 1, "3.2.2", time),
    ("info", "senderName", 0, 1, "3.2.2", some),
    ("info", "headline", 0, 1, "3.2.2: 160 signs are usual", lambda text: some(text) and len(text) <= 180),
    ("info", "description", 0, 1, "3.2.2", some),
    ("info", "instruction", 0, 1, "3.2.2", some),
    ("info", "web", 0, 1, "3.2.2", some),
    ("info", "contact", 0, 1, "3.2.2", some),
    ("info", "parameter", 0, MANY, "3.2.2", None),
    ("info", "resource", 0, MANY, "3.2.3", None),
    ("info", "area", 0, MANY, "3.2.4", None),
    ("eventCode", "valueName", 1, 1, "3.2.2", some),
    ("eventCode", "value", 1, 1, "3.2.2", some),
    ("parameter", "valueName", 1, 1, "3.2.2", some),
    ("parameter", "value", 1, 1, "3.2.2", some),
    ("area", "areaDesc", 1, 1, "3.2.4", some),
    ("area", "polygon", 0, MANY, "3.2.4", polygon),
    ("area", "circle", 0, MANY, "3.2.4", CIRCLE.fullmatch),
    ("area", "geocode", 0, MANY, "3.2.4", None),
    ("area", "altitude", 0, 1, "3.2.4", some),
    ("area", "ceiling", 0, 1, "3.2.4", some),
)  # fmt: skip


def faults(root):
    """What a message breaks: [] for none."""
    found = [] if root.tag == NS + "alert" else [f"root is {root.tag}"]
    for parent in root.iter():
        name = parent.tag.removeprefix(NS)
        rows = [rule for rule in RULES if rule[0] == name]
        order = [rule[1] for rule in rows]
        kids = [kid.tag.removeprefix(NS) for kid in parent]
        found += [f"{name}: {kid} is not of the standard" for kid in kids if kid not in order]
        if kids != sorted(kids, key=lambda kid: order.index(kid) if kid in order else -1):
            found.append(f"{name}: not in the schema's order: {kids}")
        for _, kid, least, most, clause, check in rows:
            texts = [each.text or "" for each in parent if each.tag == NS + kid]
            if not least <= len(texts) <= most:
                found.append(f"{name}.{kid} is there {len(texts)} times ({clause})")
            if check is not None:
                found += [f'{name}.{kid} "{text}" ({clause})' for text in texts if not check(text)]
    return found + list(_dependent(root))


def _dependent(root):
    """What one element demands of another (3.2.1 scope, msgType, status; 3.2.2 times)."""
    said = {kid.tag.removeprefix(NS): kid.text for kid in root}
    if (said["scope"] == "Restricted") != ("restriction" in said):
        yield "restriction goes with scope Restricted, and only with it (3.2.1)"
    if said["msgType"] in ("Update", "Cancel", "Ack", "Error") and "references" not in said:
        yield "an Update or Cancel names what it follows (3.2.1 references)"
    if said["msgType"] == "Alert" and "references" in said:
        yield "an Alert is the first of its matter (3.2.1 msgType)"
    if said["status"] == "Exercise" and "note" not in said:
        yield "an exercise is named in note (3.2.1 status)"
    languages = [info.findtext(NS + "language") for info in root.iter(NS + "info")]
    if len(set(languages)) != len(languages):
        yield "one info block a language (3.2.2)"
    for info in root.iter(NS + "info"):
        times = [info.findtext(NS + name) for name in ("effective", "expires")]
        if all(times) and datetime.fromisoformat(times[0]) >= datetime.fromisoformat(times[1]):
            yield "it expires before it is effective (3.2.2)"
