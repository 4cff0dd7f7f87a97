"""The Secrets that a plugin without a store of its own keeps in the operator's namespace. Thin.

Each write is one request with a precondition on UID and resourceVersion. Nothing is kept in memory,
so that every process sees the same.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping

from akoo_core.kube import errors, listing
from akoo_core.kube import resource as resources
from akoo_core.kube.client import KubeClient, Object
from akoo_core.objects import names
from akoo_core.plugin import api
from akoo_core.plugin.errors import KeptConflictError, KeptForeignError
from akoo_core.telemetry import redaction

PREFIX = "akoo-kept"
"""The beginning of the names of all kept Secrets: ``akoo-kept.<plugin>.<name>``. No name of a
plugin has a dot, so no plugin reaches the Secrets of another."""
LONGEST_NAME = 120
"""Letters of a name without its prefix."""
LARGEST = 65_536
"""Bytes of the keys and values of one Secret."""

_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
_KEY = re.compile(r"[A-Za-z0-9_.-]{1,120}")
_KIND = resources.SECRETS


def of_plugin(plugin: api.Plugin, client: KubeClient, namespace: str) -> SecretKeep | None:
    """The kept Secrets of a plugin; None for one that does not declare ``keeps``."""
    if not plugin.keeps:
        return None
    return SecretKeep(client, namespace=namespace, plugin=plugin.name)


class SecretKeep:
    """An api.Keep of one plugin. ``client`` may write Secrets in ``namespace``, or only read."""

    def __init__(self, client: KubeClient, *, namespace: str, plugin: str) -> None:
        self._client = client
        self._namespace = namespace
        self._plugin = plugin
        self._prefix = f"{PREFIX}.{plugin}."

    async def get(self, name: str) -> api.KeptSecret | None:
        """See :class:`akoo_core.plugin.api.Keep`."""
        try:
            secret = await self._client.get(_KIND, self._full(name), self._namespace)
        except errors.NotFoundError:
            return None
        return self._kept(name, secret)

    async def create(self, name: str, data: Mapping[str, bytes]) -> api.KeptSecret:
        """See :class:`akoo_core.plugin.api.Keep`."""
        manifest = self._manifest(name, data)
        try:
            secret = await self._client.create(_KIND, manifest, self._namespace)
        except errors.AlreadyExistsError:
            raise KeptConflictError(name) from None
        return self._kept(name, secret)

    async def replace(
        self, name: str, data: Mapping[str, bytes], *, version: str
    ) -> api.KeptSecret:
        """See :class:`akoo_core.plugin.api.Keep`."""
        manifest = self._manifest(name, data)
        uid, resource_version = _parts(version)
        manifest["metadata"] |= {"uid": uid, "resourceVersion": resource_version}
        try:
            secret = await self._client.replace(_KIND, manifest)
        except (errors.ConflictError, errors.NotFoundError):
            raise KeptConflictError(name) from None
        return self._kept(name, secret)

    async def delete(self, name: str, *, version: str) -> None:
        """See :class:`akoo_core.plugin.api.Keep`."""
        uid, resource_version = _parts(version)
        try:
            await self._client.delete(
                _KIND,
                self._full(name),
                self._namespace,
                uid=uid,
                resource_version=resource_version,
            )
        except errors.NotFoundError:
            return
        except errors.ConflictError:
            raise KeptConflictError(name) from None

    async def names(self, prefix: str = "") -> tuple[str, ...]:
        """See :class:`akoo_core.plugin.api.Keep`."""
        listed = await listing.every(
            self._client,
            _KIND,
            self._namespace,
            label_selector=f"{names.KEPT_BY_LABEL}={self._plugin}",
            metadata_only=True,
        )
        wanted = self._prefix + prefix
        full = sorted(secret["metadata"]["name"] for secret in listed)
        return tuple(name.removeprefix(self._prefix) for name in full if name.startswith(wanted))

    def _full(self, name: str) -> str:
        if not _NAME.fullmatch(name) or ".." in name or len(name) > LONGEST_NAME:
            raise ValueError(
                f"{name!r} cannot be the name of a kept Secret: it takes at most {LONGEST_NAME} "
                "lower case letters, digits, hyphens and single dots"
            )
        return self._prefix + name

    def _manifest(self, name: str, data: Mapping[str, bytes]) -> Object:
        wrong = sorted(key for key in data if not _KEY.fullmatch(key))
        if wrong:
            raise ValueError(f"{wrong[0]!r} cannot be a key of a Secret")
        size = sum(len(key) + len(value) for key, value in data.items())
        if size > LARGEST:
            raise ValueError(
                f"kept Secret {name!r} would have {size} bytes; at most {LARGEST} are kept"
            )
        for value in data.values():
            redaction.register(value)
        metadata = {
            "name": self._full(name),
            "namespace": self._namespace,
            "labels": {
                names.MANAGED_BY_LABEL: names.MANAGED_BY,
                names.KEPT_BY_LABEL: self._plugin,
            },
        }
        return {
            "apiVersion": _KIND.api_version,
            "kind": _KIND.kind,
            "metadata": metadata,
            "type": names.KEPT_TYPE,
            "data": {key: base64.b64encode(data[key]).decode("ascii") for key in sorted(data)},
        }

    def _kept(self, name: str, secret: Object) -> api.KeptSecret:
        """The Secret as plugins get it. Raises KeptForeignError for one that is not of the
        plugin."""
        metadata = secret["metadata"]
        where = f"Secret {self._namespace}/{metadata['name']}"
        labels = metadata.get("labels") or {}
        if secret.get("type") != names.KEPT_TYPE or labels.get(names.KEPT_BY_LABEL) != self._plugin:
            raise KeptForeignError(
                f"{where} was not made by plugin {self._plugin}, which keeps its own at that "
                "name. Delete it, or give it another name."
            )
        try:
            data = {
                key: base64.b64decode(value, validate=True)
                for key, value in (secret.get("data") or {}).items()
            }
        except (binascii.Error, ValueError):
            raise KeptForeignError(f"{where} holds a value that is not base64.") from None
        for value in data.values():
            redaction.register(value)
        version = f"{metadata['uid']}/{metadata['resourceVersion']}"
        return api.KeptSecret(name=name, data=data, version=version)


def _parts(version: str) -> tuple[str, str]:
    uid, _, resource_version = version.partition("/")
    if not uid or not resource_version:
        raise ValueError(f"{version!r} is no version of a kept Secret")
    return uid, resource_version
