"""Reads single values of Secrets in the management cluster, from allowed namespaces only.

An author of an AKODeploymentConfig could otherwise name any Secret and send it to any host.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection

from akoo_core.kube import errors
from akoo_core.kube import resource as resources
from akoo_core.kube.client import KubeClient, Object
from akoo_core.objects import names
from akoo_core.plugin import api
from akoo_core.plugin.errors import (
    LineBreakError,
    SecretMissingError,
    SecretNamespaceNotAllowedError,
)
from akoo_core.telemetry import redaction

SETTING = "allowedSecretNamespaces"
_PUBLIC = frozenset({"username"})


class ManagementSecretReader:
    """The SecretReader of plugins and of the deploy executor. Nothing is kept."""

    def __init__(self, client: KubeClient, *, allowed_namespaces: Collection[str]) -> None:
        self._client = client
        self._allowed = frozenset(allowed_namespaces)

    async def read(self, source: api.SecretSource) -> bytes | None:
        """The value; None when it is absent and optional.

        Raises SecretNamespaceNotAllowedError, SecretMissingError, LineBreakError, and KubeError
        when the API server does not answer.
        """
        return await self.once().read(source)

    async def version(self, namespace: str, name: str, *, of_ancestor: bool = False) -> str:
        """See :class:`akoo_core.plugin.api.SecretReader`."""
        return await self.once().version(namespace, name, of_ancestor=of_ancestor)

    def once(self) -> Once:
        """A reader that reads each Secret once, so that several values are of one moment."""
        return Once(self)

    async def secret(
        self, namespace: str, name: str, *, of_ancestor: bool = False
    ) -> Object | None:
        """The whole Secret, None when there is none. Raises SecretNamespaceNotAllowedError."""
        allowed = namespace in self._allowed
        if not allowed and not of_ancestor:
            raise SecretNamespaceNotAllowedError(
                f"Secret {namespace}/{name} is not read: namespace {namespace!r} is not among the "
                f"setting {SETTING} ({', '.join(sorted(self._allowed))}). Add it there, or move "
                "the Secret."
            )
        try:
            secret = await self._client.get(resources.SECRETS, name, namespace)
        except errors.NotFoundError:
            return None
        if secret.get("type") == names.KEPT_TYPE:
            raise SecretNamespaceNotAllowedError(
                f"Secret {namespace}/{name} is not read: a plugin keeps it for itself. Name "
                "another one."
            )
        if not allowed and secret.get("type") != names.ANCESTOR_ACCOUNT_TYPE:
            raise SecretNamespaceNotAllowedError(
                f"Secret {namespace}/{name} is not read: it is not of type "
                f"{names.ANCESTOR_ACCOUNT_TYPE}, as AKOO makes it, and namespace {namespace!r} is "
                f"not among the setting {SETTING}."
            )
        return secret


class Once:
    """Reads each Secret once and holds it: drop it as soon as the values are read."""

    def __init__(self, reader: ManagementSecretReader) -> None:
        self._reader = reader
        self._secrets: dict[api.SecretPair, Object | None] = {}
        self._of_ancestor: dict[api.SecretPair, Object | None] = {}

    async def read(self, source: api.SecretSource) -> bytes | None:
        """As :meth:`ManagementSecretReader.read`."""
        where = f"Secret {source.namespace}/{source.name}"
        secret = await self._source(source)
        encoded = ((secret or {}).get("data") or {}).get(source.key)
        if encoded is None and source.optional:
            return None
        if secret is None:
            raise SecretMissingError(f"{where} does not exist. Create it with key {source.key!r}.")
        if encoded is None:
            raise SecretMissingError(f"{where} has no key {source.key!r}. Add it.")
        value = _decoded(encoded, where, source.key)
        mask(source, value)
        check_line(source, value, where)
        return value

    async def version(self, namespace: str, name: str, *, of_ancestor: bool = False) -> str:
        """As :meth:`ManagementSecretReader.version`."""
        if not of_ancestor:
            return version_of(await self._secret(namespace, name))
        try:
            secret = await self._account_of_ancestor(namespace, name)
        except SecretNamespaceNotAllowedError:
            return ""  # of another type
        typed = secret is not None and secret.get("type") == names.ANCESTOR_ACCOUNT_TYPE
        return version_of(secret) if typed else ""

    def versions(self) -> dict[api.SecretPair, str]:
        """Version of each Secret that was read, by (namespace, name); see ``version_of``."""
        read = {**self._of_ancestor, **self._secrets}
        return {name: version_of(secret) for name, secret in read.items()}

    async def _source(self, source: api.SecretSource) -> Object | None:
        if not source.of_ancestor:
            return await self._secret(source.namespace, source.name)
        return await self._account_of_ancestor(source.namespace, source.name)

    async def _account_of_ancestor(self, namespace: str, name: str) -> Object | None:
        pair = namespace, name
        if pair not in self._of_ancestor:
            self._of_ancestor[pair] = await self._reader.secret(*pair, of_ancestor=True)
        return self._of_ancestor[pair]

    async def _secret(self, namespace: str, name: str) -> Object | None:
        if (namespace, name) not in self._secrets:
            self._secrets[namespace, name] = await self._reader.secret(namespace, name)
        return self._secrets[namespace, name]


def version_of(secret: Object | None) -> str:
    """Text that differs between any two states of a Secret; "" for no Secret.

    The metadata of the Secret is enough.
    """
    if secret is None:
        return ""
    metadata = secret["metadata"]
    return f"{metadata['uid']}/{metadata['resourceVersion']}"


def check_line(source: api.SecretSource, value: bytes, where: str) -> None:
    """Raise LineBreakError for a value of several lines where the source wants a single one.

    ``echo`` adds a line break that nobody sees. Three logins with it lock an account.
    """
    if not source.single_line or not set(value) & set(b"\r\n"):
        return
    verb = "ends with" if value.endswith((b"\r", b"\n")) else "holds"
    raise LineBreakError(
        f"{where}: key {source.key!r} {verb} a line break, so no login is tried with it. Write the "
        "value again without it: kubectl create secret generic --from-literal, or printf in place "
        "of echo."
    )


def mask(source: api.SecretSource, value: bytes) -> None:
    """Mask an opened value in all later output of this process; names of users stay readable.

    No code prints a value on purpose: masking is for exceptions and answers of libraries that
    quote it.
    """
    if not source.public and source.key not in _PUBLIC:
        redaction.register(value)
        redaction.register(value.strip())


def _decoded(encoded: str, where: str, key: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise SecretMissingError(f"{where}: key {key!r} is not base64.") from None
