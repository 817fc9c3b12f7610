"""Client certificates in the place of passwords: a credential like any other, known by the certificate's fingerprint.

The door asks TLS for the chain and the dates, and the registry for the rest: whose it is, what all it sends is marked with, and
whether it was revoked.
"""

from __future__ import annotations

from sqlalchemy import insert, select, update

from sensing.audit import Actor
from sensing.errors import ConflictError
from sensing.model import Micros, Origin

from .credentials import add_credential
from .database import Database
from .principals import active_principal
from .records import Credential
from .schema import certificates, credentials
from .scope import check_principal


class Certificates:
    """The registry's nouns for certificates of devices."""

    database: Database

    def add_certificate(
        self, principal_id: str, fingerprint: str, *, subject: str, expires: Micros, origin: str = Origin.LIVE, run: str = "",
        actor: Actor,
    ) -> Credential:  # fmt: skip
        """A credential that a certificate opens, beside those the principal has; it ends with the certificate.

        fingerprint: SHA-256 of its DER, 64 hex digits. Raises NotFoundError, ValidationError; ConflictError when it is known already.
        """
        with self.database.write(actor) as change:
            active_principal(change.connection, principal_id)
            check_principal(change.connection, actor, principal_id)
            query = select(credentials.c.principal).join_from(credentials, certificates)
            holder = change.connection.execute(query.where(certificates.c.fingerprint == fingerprint)).scalar()
            if holder is not None:
                raise ConflictError(
                    f"certificate {fingerprint[:16]}... is known, of {holder}", "one that was revoked stays so: make a new one"
                )
            fresh = add_credential(change, principal_id, origin, run, expires)
            # nobody has seen the password that came with it, and nobody will
            values = {"fingerprint": fingerprint, "credential": fresh.id, "subject": subject[:200]}
            change.connection.execute(insert(certificates), values)
            change.connection.execute(
                update(credentials).where(credentials.c.id == fresh.id).values(hash=b"", changed=change.credentials_moved())
            )
            change.record("certificate_added", principal_id, credential=fresh.id, fingerprint=fingerprint)
            return Credential(fresh.id, principal_id, "", origin, run, expires)
