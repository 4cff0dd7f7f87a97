"""A client of the Avi Controller: avisdk behind an asynchronous face. A published library.

::

    controllers = SessionRegistry()
    account = Credential(username, password, ca_pem, source="Secret avi-system/avi-credentials")
    avi = await controllers.client("avi.example.com", account, external=ctx.external, key=...)
    pools = await avi.list("pool", params={"created_by": "ako-shop"})
    await controllers.close()

The errors, each with ``retryable``::

    AviError (an akoo_core.errors.AkooError)
    ├── UnreachableError         no answer, and nothing was changed                   retryable
    ├── TlsError                 not the certificate that the CA vouches for
    ├── RedirectedError          the address points elsewhere; not followed
    ├── NotAviError              something else answers there
    ├── CredentialRefusedError   .retry_after_seconds; not tried before that
    ├── SessionLostError         refused after a new login, too; or closed            retryable
    ├── ForbiddenError           the user may not (403)
    ├── TenantMissingError       no such tenant, or not for this user
    ├── UpgradingError           no writes while the controller is upgraded           retryable
    ├── NotReadyError            starting or failing over (502, 503)                  retryable
    ├── RateLimitedError         .retry_after_seconds (429)                           retryable
    ├── NotFoundError            there is no such object
    ├── ExistsError              there is one of that name already
    ├── ConflictError            changed since it was read (412): see change()        retryable
    ├── ReferencedError          .referrers; cannot be deleted yet                    retryable
    ├── ExhaustedError           no free address                                      retryable
    ├── InvalidError             the controller does not take it (400)
    │   ├── MissingReferenceError  it refers to something that is not there
    │   ├── VersionError           not in this release
    │   └── UnknownEndpointError   no such path; says nothing about objects
    ├── ServerError              the controller failed (5xx)                          retryable
    ├── OutcomeUnknownError      a write was sent, its answer lost: read again        retryable
    └── IncompleteListError      a list did not hold still: it proves nothing         retryable

Beside these, a call may raise akoo_core's LeadershipLostError (before a write), and ValueError for
a call that no controller would understand.

:mod:`akoo_avi.client.access` is the way to a controller from the objects of the management cluster,
for plugins.
"""

from akoo_avi.client.api import ALL_TENANTS, AviClient, Controllers, change
from akoo_avi.client.credential import Credential
from akoo_avi.client.errors import (
    AviError,
    ConflictError,
    CredentialRefusedError,
    ExhaustedError,
    ExistsError,
    ForbiddenError,
    IncompleteListError,
    InvalidError,
    MissingReferenceError,
    NotAviError,
    NotFoundError,
    NotReadyError,
    OutcomeUnknownError,
    RateLimitedError,
    RedirectedError,
    ReferencedError,
    ServerError,
    SessionLostError,
    TenantMissingError,
    TlsError,
    UnknownEndpointError,
    UnreachableError,
    UpgradingError,
    VersionError,
)
from akoo_avi.client.sessions import SessionRegistry

__all__ = [
    "ALL_TENANTS",
    "AviClient",
    "AviError",
    "ConflictError",
    "Controllers",
    "Credential",
    "CredentialRefusedError",
    "ExhaustedError",
    "ExistsError",
    "ForbiddenError",
    "IncompleteListError",
    "InvalidError",
    "MissingReferenceError",
    "NotAviError",
    "NotFoundError",
    "NotReadyError",
    "OutcomeUnknownError",
    "RateLimitedError",
    "RedirectedError",
    "ReferencedError",
    "ServerError",
    "SessionLostError",
    "SessionRegistry",
    "TenantMissingError",
    "TlsError",
    "UnknownEndpointError",
    "UnreachableError",
    "UpgradingError",
    "VersionError",
    "change",
]
