"""The protocols of a client of an Avi Controller and of a registry of them, and the rule of the
optimistic lock."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Protocol

from akoo_avi.client import calls, errors, listing, refusals
from akoo_avi.client.credential import Credential
from akoo_core.plugin import external as seams
from akoo_core.plugin.structs import JSON

NO_PARAMS: Mapping[str, str] = {}
ALL_TENANTS = calls.ALL_TENANTS
MAX_CONFLICTS = 10


class AviClient(Protocol):
    """A controller, as one user sees it. All methods raise AviErrors. Nothing is retried here but
    a GET whose connection was lost, and any request once after a new login.

    ``kind`` is the name of a collection (``pool``), ``tenant`` a tenant's UUID (``admin``
    is that of tenant admin).
    """

    @property
    def address(self) -> str:
        """``host`` or ``host:port``, for messages."""
        ...

    @property
    def username(self) -> str:
        """Our user there: its permissions can be read back by this name."""
        ...

    async def version(self) -> str:
        """The controller's release, such as ``30.2.2``; empty if it is unknown."""
        ...

    async def get(
        self, path: str, *, tenant: str = "admin", params: Mapping[str, str] = NO_PARAMS
    ) -> JSON:
        """One object or endpoint: ``pool/<uuid>``, ``cluster/runtime``. Raises NotFoundError."""
        ...

    async def list(
        self, kind: str, *, tenant: str = ALL_TENANTS, params: Mapping[str, str] = NO_PARAMS
    ) -> tuple[JSON, ...]:
        """All objects that match, from all pages, each once; references carry names.

        A list that changes while it is read is read again; raises IncompleteListError when it does
        not hold still. A field that the kind does not have gives an empty list and no error.
        """
        ...

    async def seen(
        self, kind: str, *, tenant: str = ALL_TENANTS, params: Mapping[str, str] = NO_PARAMS
    ) -> listing.ListedObjects:
        """The same without a proof of absence: a list that does not hold still is no error. The
        result has the objects of two readings, and ``still`` is True if it is complete."""
        ...

    async def create(self, kind: str, body: JSON, *, tenant: str) -> JSON:
        """POST; the object. Raises ExistsError; OutcomeUnknownError: read it by name."""
        ...

    async def replace(self, kind: str, uuid: str, body: JSON, *, tenant: str) -> JSON:
        """PUT of the whole object: a field that ``body`` lacks returns to its default.

        Raises ValueError for a body without ``_last_modified``, ConflictError if it is not the
        object's. See :func:`change`. An empty ``uuid``: ``kind`` is a single object.
        """
        ...

    async def patch(self, kind: str, uuid: str, body: JSON, *, tenant: str) -> JSON:
        """PATCH: ``body`` holds partial objects under ``add``, ``replace`` or ``delete``."""
        ...

    async def delete(self, kind: str, uuid: str, *, tenant: str) -> bool:
        """True: it was deleted. False: it was not there, or is not visible from ``tenant``.

        Raises ReferencedError with the names of the objects that refer to it.
        """
        ...


class Controllers(Protocol):
    """A registry: gives clients of all Avi Controllers. Callers with equal credentials share a
    session."""

    async def client(
        self,
        address: str,
        credential: Credential,
        *,
        external: seams.External,
        key: str = "",
        memory: refusals.RefusalMemory | None = None,
    ) -> AviClient:
        """A client that is logged in. Ask for one for each piece of work: then a new password or CA
        is used as soon as it is read.

        ``key`` (such as the Secret's ``namespace/name``) remembers ``credential`` for
        :meth:`last_good`. If another credential takes its place there, the session of the former
        ends with its last call. ``memory`` knows the refusals of ``credential`` that other
        processes met.

        Raises CredentialRefusedError (at once, without a login, for some minutes after the first),
        UnreachableError, TlsError and the other errors of a login.
        """
        ...

    def last_good(self, address: str, key: str) -> Credential | None:
        """The last credential of ``key`` that could log in at ``address``; gone with the process.

        For work that goes on without the Secret (a sweep). In memory only.
        """
        ...

    async def close(self) -> None:
        """Take no more callers; log out everywhere, in three seconds at most."""
        ...


async def change(
    client: AviClient,
    kind: str,
    uuid: str,
    decide: Callable[[JSON], JSON | None],
    *,
    tenant: str,
) -> JSON | None:
    """Read an object, decide purely, and write the result; again on a conflict.

    ``decide`` gets a copy that it may change, and returns None if nothing is to change (then None
    is the result). After ten conflicts the last ConflictError is raised.
    """
    path = f"{kind}/{uuid}" if uuid else kind
    for attempt in range(1, MAX_CONFLICTS + 1):
        current = await client.get(path, tenant=tenant)
        wanted = decide(copy.deepcopy(current))
        if wanted is None:
            return None
        lock = {key: current[key] for key in ("_last_modified",) if key in current}
        try:
            return await client.replace(kind, uuid, {**wanted, **lock}, tenant=tenant)
        except errors.ConflictError:
            if attempt == MAX_CONFLICTS:
                raise
    raise AssertionError("unreachable")
