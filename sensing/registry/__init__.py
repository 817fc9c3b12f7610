"""Things, principals, credentials, runs and API tokens: `registry.db`, written by web, read by door and work."""

from __future__ import annotations

from sensing.audit import Actor

from .directory import RegistryDirectory
from .engines import Where, located
from .export import described, form_of
from .firstrun import FILE, TOKEN_FILE, bootstrap
from .forms import DeviceChanges, DeviceForm, FormError, Problem
from .gatekeeper import RegistryGatekeeper
from .records import ApiToken, Credential, CredentialEntry, Device, Kind, Principal, Registered, Run, TokenEntry
from .registry import Registry
from .things import DeviceFilter
from .tokens import read_admin_token

__all__ = [
    "FILE",
    "TOKEN_FILE",
    "Actor",
    "ApiToken",
    "Credential",
    "CredentialEntry",
    "Device",
    "DeviceChanges",
    "DeviceFilter",
    "DeviceForm",
    "FormError",
    "Kind",
    "Principal",
    "Problem",
    "Registered",
    "Registry",
    "RegistryDirectory",
    "RegistryGatekeeper",
    "Run",
    "TokenEntry",
    "Where",
    "bootstrap",
    "described",
    "form_of",
    "located",
    "read_admin_token",
]
