"""Secret values for a workload cluster: opened late, never stored, compared only as hashes.

The key of the hashes exists only in this process, so nobody can guess a value from what is kept. A
Secret that has not changed according to the caches is not opened again.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from secrets import token_bytes
from typing import NamedTuple

from akoo_core import structs
from akoo_core.plugin import api
from akoo_core.plugin.errors import SecretMissingError
from akoo_core.plugin_host.kept import opening
from akoo_core.reconcile.deploy.inventory import ObjectKey
from akoo_core.reconcile.read import secret_reader
from akoo_core.reconcile.read.caches import Plugins

Values = Mapping[str, bytes]
Versions = dict[api.SecretPair, str]
"""Versions of Secrets in the management cluster, by (namespace, name); see
secret_reader.version_of."""
VersionOf = Callable[[str, str], str | None]
"""The version of a Secret (namespace, name) as the caches have it; None: they do not follow it."""


class Opened(NamedTuple):
    """The values by key, and the versions of their sources."""

    values: Values
    versions: Versions | None
    """None where a plugin keeps a value: no version shows a change."""


def nothing_known(_namespace: str, _name: str) -> str | None:
    """The VersionOf of a process that follows no Secrets: each is opened every time."""
    return None


class SecretOpener:
    """Turns the sources of a SecretObject into values."""

    def __init__(
        self,
        reader: secret_reader.ManagementSecretReader,
        plugins: Plugins,
        *,
        version_of: VersionOf = nothing_known,
    ) -> None:
        self._reader = reader
        self._plugins = plugins
        self._kept_secrets = opening.KeptSecrets()
        self._version_of = version_of

    async def open(self, secret: api.SecretObject) -> Opened:
        """The values; optional sources that are absent are left out. Each Secret is read once.

        Raises BlockedError when a value is not available, VerbError when the plugin that keeps it
        fails.
        """
        once = self._reader.once()
        values: dict[str, bytes] = {}
        for key, source in sorted(secret.data.items()):
            value = await (self._kept(source) if source.plugin else once.read(source))
            if value is not None:
                values[key] = value
        kept = any(source.plugin for source in secret.data.values())
        return Opened(values, None if kept else once.versions())

    def changed(self, versions: Versions | None) -> bool:
        """True if Secrets that were opened at ``versions`` have, or may have, changed since."""
        if versions is None:
            return True
        return any(self._version_of(*name) != version for name, version in versions.items())

    async def _kept(self, source: api.SecretSource) -> bytes | None:
        plugin = self._plugins.get(source.plugin)
        if plugin is None:
            raise SecretMissingError(
                f'Key {source.key!r} is kept by plugin "{source.plugin}", which is not loaded.'
            )
        value = await self._kept_secrets.open(plugin, source)
        if value is not None:
            secret_reader.mask(source.key, value)
            where = f"The account that plugin {source.plugin} keeps"
            secret_reader.check_line(source, value, where)
        return value


class Seals:
    """Remembers a hash of each Secret of each record, for this process only."""

    def __init__(self) -> None:
        self._key = token_bytes(32)
        self._known: dict[tuple[str, ObjectKey], tuple[bytes, Versions | None]] = {}

    def known(self, record_name: str, key: ObjectKey) -> bool:
        return (record_name, key) in self._known

    def versions(self, record_name: str, key: ObjectKey) -> Versions | None:
        """Versions of the sources when the Secret was last opened; None where no version tells."""
        known = self._known.get((record_name, key))
        return known[1] if known is not None else None

    def unchanged(self, record_name: str, key: ObjectKey, values: Values) -> bool:
        """True if ``values`` are the remembered ones."""
        known = self._known.get((record_name, key))
        return known is not None and hmac.compare_digest(known[0], self._seal(values))

    def remember(self, record_name: str, key: ObjectKey, opened: Opened) -> None:
        self._known[record_name, key] = (self._seal(opened.values), opened.versions)

    def forget(self, record_name: str) -> None:
        """Drop all of a record."""
        self._known = {
            known: seal for known, seal in self._known.items() if known[0] != record_name
        }

    def _seal(self, values: Values) -> bytes:
        plain = structs.encode_json([(key, values[key].hex()) for key in sorted(values)])
        return hmac.new(self._key, plain, hashlib.sha256).digest()


def filled(manifest: structs.JSON, values: Values) -> structs.JSON:
    """The manifest of a Secret with its data, ready to be applied."""
    data = {key: base64.b64encode(value).decode("ascii") for key, value in sorted(values.items())}
    return {**manifest, "data": data}
