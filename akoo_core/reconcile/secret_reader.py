"""Reads single values of Secrets in the management cluster, from allowed namespaces only.

An author of an AKODeploymentConfig could otherwise name any Secret and send it to any host.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection

from akoo_core.kube import client as client_
from akoo_core.kube import errors
from akoo_core.kube import resource as resources
from akoo_core.plugins import api
from akoo_core.plugins.errors import SecretMissingError, SecretNamespaceNotAllowedError
from akoo_core.telemetry import redaction

SETTING = "allowedSecretNamespaces"
_PUBLIC = frozenset({"username"})


class ManagementSecretReader:
    """The SecretReader of plugins and of the deploy executor. Nothing is cached."""

    def __init__(self, client: client_.KubeClient, *, allowed_namespaces: Collection[str]) -> None:
        self._client = client
        self._allowed = frozenset(allowed_namespaces)

    async def read(self, source: api.SecretSource) -> bytes | None:
        """The value; None when it is absent and optional.

        Raises SecretNamespaceNotAllowedError, SecretMissingError, and KubeError when the API
        server does not answer.
        """
        where = f"Secret {source.namespace}/{source.name}"
        if source.namespace not in self._allowed:
            raise SecretNamespaceNotAllowedError(
                f"{where} is not read: namespace {source.namespace!r} is not among the setting "
                f"{SETTING} ({', '.join(sorted(self._allowed))}). Add it there, or move the Secret."
            )
        try:
            found = await self._client.get(resources.SECRETS, source.name, source.namespace)
        except errors.NotFoundError:
            if source.optional:
                return None
            raise SecretMissingError(
                f"{where} does not exist. Create it with key {source.key!r}."
            ) from None
        encoded = (found.get("data") or {}).get(source.key)
        if encoded is None:
            if source.optional:
                return None
            raise SecretMissingError(f"{where} has no key {source.key!r}. Add it.")
        value = _decoded(encoded, where, source.key)
        mask(source.key, value)
        return value


def mask(key: str, value: bytes) -> None:
    """Mask an opened value in whatever this process says from now on; names of users may be said.

    Nobody prints one on purpose: it is for exceptions and answers of libraries that quote it.
    """
    if key not in _PUBLIC:
        redaction.register(value)


def _decoded(encoded: str, where: str, key: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise SecretMissingError(f"{where}: key {key!r} is not base64.") from None
