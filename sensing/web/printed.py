"""What is printed for devices, over HTTP: sheets of labels, one code as a picture, commissioning records. Printers are loaded when needed."""

from __future__ import annotations

import base64
import hashlib
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from sensing import labels, papers
from sensing.access import check_area
from sensing.errors import NotFoundError, UsageError, ValidationError
from sensing.registry import Device, DeviceFilter
from sensing.registry.commissions import records

from .ask import Ask
from .commission import told
from .desk import Desk
from .scope import areas_of

MOST_LABELS = 1_200
"""Fifty sheets: more is asked for area by area."""


def sheet(desk: Desk, ask: Ask) -> Response:
    """Labels of the chosen devices, or of those of `id`: A4 PDF, or one code as SVG or PNG. Raises UsageError, NotFoundError."""
    layout = ask.choice("format", "pdf", "svg", "png")
    found = [_label(desk, device) for device in _chosen(desk, ask)]
    if not found:
        raise NotFoundError("no device is meant", "choose others, or name them with id=gauge-1,gauge-2")
    if layout != "pdf":
        if len(found) != 1:
            raise UsageError(f"{len(found)} devices in one picture", "name one, or take the PDF")
        make, kind = (labels.svg, "image/svg+xml") if layout == "svg" else (labels.png, "image/png")
        return Response(make(found[0]), media_type=kind)
    return file(labels.sheet(found, ask.number("skip", 0, 0, labels.COLUMNS * labels.ROWS - 1)), "application/pdf", "labels.pdf")


def record(desk: Desk, ask: Ask) -> Response:
    """One commissioning record as people print and sign it. Raises NotFoundError."""
    identity = ask.path["record"]
    found = next((each for each in records(desk.registry.database, ask.path["id"]) if each.id == identity), None)
    if found is None:
        raise NotFoundError(f'record "{identity[:40]}" does not exist', "the list of the device's records shows them")
    if not found.whole:
        raise ValidationError(f"record {identity} was changed after it was made", "look into the audit log; it is not printed")
    document: dict[str, Any] = told(found)["document"]
    if ask.choice("format", "pdf", "html") == "pdf":
        return file(papers.pdf(document, found.sha256), "application/pdf", f"{found.thing}-{found.id}.pdf")
    page = papers.html(document, found.sha256)
    style = page.partition("<style>")[2].partition("</style>")[0]
    allowed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{allowed}'; frame-ancestors 'none'"
    return Response(page, media_type="text/html; charset=utf-8", headers={"content-security-policy": policy})


def _chosen(desk: Desk, ask: Ask) -> list[Device]:
    named = ask.words("id")
    if named:
        found = [desk.registry.show_device(each) for each in named[:MOST_LABELS]]
        for device in found:
            check_area(areas_of(ask), device.area, f"device {device.id}")
        return found
    chosen = DeviceFilter(
        query=ask.text("query"), areas=areas_of(ask),
        **{name: ask.text(name) or None for name in ("type", "area", "adapter", "principal")},
    )  # fmt: skip
    listed = desk.registry.list_devices(chosen, limit=MOST_LABELS + 1)
    if len(listed) > MOST_LABELS:
        raise UsageError(f"more than {MOST_LABELS} labels at once", "print them area by area, or type by type")
    return listed


def _label(desk: Desk, device: Device) -> labels.Label:
    return labels.Label(device.label, device.name or device.id, device.area, labels.url(public_base(desk), device.label))


def public_base(desk: Desk) -> str:
    """Where people reach the service: as set, else where it listens."""
    http = desk.settings.http
    scheme = "https" if http.tls_cert else "http"
    return str(http.public_url or desk.about().get("http") or f"{scheme}://{http.host}:{http.port}")


def file(content: bytes, kind: str, name: str) -> Response:
    """Something to print, named for who keeps it."""
    return Response(content, media_type=kind, headers={"content-disposition": f"inline; filename*=UTF-8''{quote(name)}"})
