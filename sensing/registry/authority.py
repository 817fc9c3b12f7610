"""The house's own certificate authority for devices: `DATA/ca.crt`, and `DATA/ca.key` with mode 0600, made when first wanted.

It signs client certificates and nothing else. `mqtt.tls_client_ca = DATA/ca.crt` has the door ask for them. Keys are P-256 (NIST SP 800-186).
"""

from __future__ import annotations

import datetime as dt
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from sensing.errors import ValidationError
from sensing.model import Micros

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

CERTIFICATE, KEY = "ca.crt", "ca.key"
MOST_DAYS = 3_650
_YEARS_20 = dt.timedelta(days=7_300)
_SLACK = dt.timedelta(hours=1)
"""Certificates begin this long before they are made: the clocks of devices are not ours."""
_MOST_PEM = 65_536
_RSA_BITS = 2_048


class Certificate(Struct):
    """A client certificate. pem, key: PEM text; key is "" when we do not have it. fingerprint: SHA-256 of its DER, hex."""

    pem: str
    key: str
    fingerprint: str
    subject: str
    expires: Micros


class Authority:
    """Signs for one data folder. Raises ValidationError when its files do not fit together."""

    def __init__(self, data: Path) -> None:
        self._data = data

    def certificate(self) -> str:
        """What the door and devices trust, PEM."""
        return _pem(self._open()[0])

    def issue(self, principal: str, days: int) -> Certificate:
        """A key and a certificate for it. Raises ValidationError."""
        from cryptography.hazmat.primitives import serialization as s
        from cryptography.hazmat.primitives.asymmetric import ec

        key = ec.generate_private_key(ec.SECP256R1())
        found = self._signed(principal, key.public_key(), days)
        found.key = key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption()).decode()
        return found

    def sign(self, principal: str, request: str, days: int) -> Certificate:
        """A certificate for the key of a request (CSR, PEM); of the request nothing but the key counts. Raises ValidationError."""
        from cryptography import x509
        from cryptography.exceptions import UnsupportedAlgorithm

        try:
            read = x509.load_pem_x509_csr(request[:_MOST_PEM].encode())
            if not read.is_signature_valid:
                raise ValidationError("the request is not signed by its own key", "make it anew")
            key = read.public_key()
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise ValidationError(f"the request cannot be read: {error}", "send a PKCS #10 request, PEM") from None
        _check_strength(key)
        return self._signed(principal, key, days)

    def _signed(self, principal: str, public: object, days: int) -> Certificate:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes
        from cryptography.x509.oid import ExtendedKeyUsageOID

        if not 1 <= days <= MOST_DAYS:
            raise ValidationError(f"{days} days", f"a certificate lasts 1 to {MOST_DAYS} days")
        authority, signer = self._open()
        now = dt.datetime.now(dt.UTC).replace(microsecond=0)
        made = (
            _builder(principal, authority.subject, public, now - _SLACK, now + dt.timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.KeyUsage(True, False, False, False, False, False, False, False, False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
            .sign(signer, hashes.SHA256())
        )
        return _told(made)

    def _open(self) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        from cryptography import x509
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        certificate, key = self._data / CERTIFICATE, self._data / KEY
        if not key.exists():
            self._make(key, certificate)
        try:
            found, signer = x509.load_pem_x509_certificate(certificate.read_bytes()), load_pem_private_key(key.read_bytes(), None)
        except (OSError, ValueError, TypeError) as error:
            raise ValidationError(f"{certificate} with {key}: {error}", "put both back from where you keep them") from None
        if not isinstance(signer, ec.EllipticCurvePrivateKey) or found.public_key() != signer.public_key():
            raise ValidationError(f"{key} does not fit {certificate}", "put both back from where you keep them")
        return found, signer

    def _make(self, key_path: Path, path: Path) -> None:
        """A new authority; when only its certificate was written, there is none yet."""
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives import serialization as s
        from cryptography.hazmat.primitives.asymmetric import ec

        key = ec.generate_private_key(ec.SECP256R1())
        name = _name(f"Urban Sensing devices {secrets.token_hex(4)}")
        now = dt.datetime.now(dt.UTC).replace(microsecond=0)
        made = (
            _builder("", name, key.public_key(), now - _SLACK, now + _YEARS_20, subject=name)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(x509.KeyUsage(False, False, False, False, False, True, True, False, False), critical=True)
            .sign(key, hashes.SHA256())
        )
        _write(path, made.public_bytes(s.Encoding.PEM), 0o644)
        _write(key_path, key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption()), 0o600)


def existing(pem: str) -> Certificate:
    """A certificate that somebody else has issued. Raises ValidationError when it is none, or is over."""
    from cryptography import x509

    try:
        found = x509.load_pem_x509_certificate(pem[:_MOST_PEM].encode())
    except ValueError as error:
        raise ValidationError(f"the certificate cannot be read: {error}", "send one certificate, PEM") from None
    if found.not_valid_after_utc <= dt.datetime.now(dt.UTC):
        raise ValidationError(f"the certificate ended {found.not_valid_after_utc:%Y-%m-%d}", "have a new one issued")
    return _told(found)


def _told(found: x509.Certificate) -> Certificate:
    from cryptography.hazmat.primitives import hashes

    expires = int(found.not_valid_after_utc.timestamp()) * 1_000_000
    return Certificate(_pem(found), "", found.fingerprint(hashes.SHA256()).hex(), found.subject.rfc4514_string(), expires)


def _builder(
    principal: str, issuer: x509.Name, public: object, begin: dt.datetime, end: dt.datetime, subject: x509.Name | None = None
) -> x509.CertificateBuilder:
    from cryptography import x509

    builder = x509.CertificateBuilder().subject_name(subject or _name(principal)).issuer_name(issuer)
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(begin).not_valid_after(end)
    builder = builder.public_key(public)  # type: ignore[arg-type]  # _check_strength has seen it
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)  # type: ignore[arg-type]


def _check_strength(key: object) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    strong = (
        isinstance(key, ed25519.Ed25519PublicKey)
        or (isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in ("secp256r1", "secp384r1"))
        or (isinstance(key, rsa.RSAPublicKey) and key.key_size >= _RSA_BITS)
    )
    if not strong:
        raise ValidationError(
            "the request's key is too weak, or of another kind", "use P-256, P-384, Ed25519 or RSA of 2048 bits"
        )


def _name(text: str) -> x509.Name:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(found: x509.Certificate) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding

    return found.public_bytes(Encoding.PEM).decode()


def _write(path: Path, text: bytes, mode: int) -> None:
    """A file whole, with its mode from the first byte on."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
    try:
        os.fchmod(handle, mode)
        os.write(handle, text)
        os.fsync(handle)
    finally:
        os.close(handle)
    temporary.rename(path)
