"""Secret values for a workload cluster: opened late, never stored, compared only as hashes.

The key of the hashes exists only in this process, so nobody can guess a value from what is kept. A
Secret is not opened again while its sources have not changed according to the caches and the one in
the workload cluster is as it was left; the record has its version, so a restart opens nothing.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from secrets import token_bytes
from typing import NamedTuple

from akoo_core import structs
from akoo_core.objects import record
from akoo_core.plugin import api
from akoo_core.plugin.errors import SecretMissingError
from akoo_core.plugin_host import context
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
    """The values by key, and the versions of the Secrets that they come from."""

    values: Values
    versions: Versions
    lasting: bool = True
    """False where a plugin has no value for an optional source: it may have one later."""


def nothing_known(_namespace: str, _name: str) -> str | None:
    """The VersionOf of a process that follows no Secrets: each is opened every time."""
    return None


class SecretOpener:
    """Turns the sources of a SecretObject into values. ``means`` are those of plugins that keep
    some."""

    def __init__(
        self,
        reader: secret_reader.ManagementSecretReader,
        plugins: Plugins,
        means: context.Means,
        *,
        version_of: VersionOf = nothing_known,
    ) -> None:
        self._reader = reader
        self._plugins = plugins
        self._kept_secrets = opening.KeptSecrets(means)
        self._version_of = version_of

    async def open(self, secret: api.SecretObject, *, record_name: str = "") -> Opened:
        """The values; optional sources that are absent are left out. Each Secret is read once.

        Raises BlockedError when a value is not available, VerbError when the plugin that keeps it
        fails.
        """
        once = self._reader.once()
        values: dict[str, bytes] = {}
        lasting = True
        for key, source in sorted(secret.data.items()):
            if source.plugin:
                value = await self._kept(source, record_name)
                lasting = lasting and value is not None
            else:
                value = await once.read(source)
            if value is not None:
                values[key] = value
        return Opened(values, once.versions(), lasting)

    def changed(self, secret: api.SecretObject, versions: Versions) -> bool:
        """True if a Secret of the management cluster that ``secret`` is made of, and that had a
        version of ``versions``, has or may have changed since. A value that a plugin keeps never
        changes."""
        return any(
            self._version_of(*pair) is None or self._version_of(*pair) != versions.get(pair)
            for pair in pairs_of(secret)
        )

    async def _kept(self, source: api.SecretSource, record_name: str) -> bytes | None:
        plugin = self._plugins.get(source.plugin)
        if plugin is None:
            raise SecretMissingError(
                f'Key {source.key!r} is kept by plugin "{source.plugin}", which is not loaded.'
            )
        value = await self._kept_secrets.open(plugin, source, record_name=record_name)
        if value is None and not source.optional:
            raise SecretMissingError(f'Plugin "{source.plugin}" keeps no key {source.key!r}.')
        if value is not None:
            secret_reader.mask(source, value)
            where = f"The account that plugin {source.plugin} keeps"
            secret_reader.check_line(source, value, where)
        return value


class _Look(NamedTuple):
    """The state of a Secret at the last look at it."""

    versions: Versions
    seal: bytes | None = None
    """None where its values were not opened in this process."""


class Seals:
    """Remembers the last look at each Secret of each record, for this process only: a hash of its
    values, and the versions of their sources."""

    def __init__(self) -> None:
        self._key = token_bytes(32)
        self._looks: dict[tuple[str, ObjectKey], _Look] = {}

    def versions(self, record_name: str, key: ObjectKey) -> Versions | None:
        """Versions of the sources at the last look; None before the first."""
        look = self._looks.get((record_name, key))
        return look.versions if look is not None else None

    def unchanged(self, record_name: str, key: ObjectKey, values: Values) -> bool:
        """True if ``values`` are the remembered ones."""
        look = self._looks.get((record_name, key))
        if look is None or look.seal is None:
            return False
        return hmac.compare_digest(look.seal, self._seal(values))

    def remember(self, record_name: str, key: ObjectKey, opened: Opened) -> None:
        """Remember values that are in place."""
        self._looks[record_name, key] = _Look(opened.versions, self._seal(opened.values))

    def remember_untouched(self, record_name: str, key: ObjectKey, versions: Versions) -> None:
        """Remember that the Secret is as it was left; its values were not opened."""
        look = self._looks.get((record_name, key))
        self._looks[record_name, key] = _Look(versions, look.seal if look is not None else None)

    def forget(self, record_name: str) -> None:
        """Drop all of a record."""
        self._looks = {key: look for key, look in self._looks.items() if key[0] != record_name}

    def _seal(self, values: Values) -> bytes:
        plain = structs.encode_json([(key, values[key].hex()) for key in sorted(values)])
        return hmac.new(self._key, plain, hashlib.sha256).digest()


def pairs_of(secret: api.SecretObject) -> set[api.SecretPair]:
    """The Secrets of the management cluster that it is made of."""
    return {(source.namespace, source.name) for source in secret.data.values() if not source.plugin}


def applied_of(live: structs.JSON, opened: Opened) -> record.AppliedSecret | None:
    """The state of a Secret of the workload cluster whose values are right; None for values that do
    not last."""
    if not opened.lasting:
        return None
    metadata = live["metadata"]
    return record.AppliedSecret(
        uid=metadata["uid"],
        resource_version=metadata["resourceVersion"],
        sources={f"{pair[0]}/{pair[1]}": opened.versions[pair] for pair in sorted(opened.versions)},
    )


def untouched(live: structs.JSON | None, applied: record.AppliedSecret | None) -> bool:
    """True if the Secret of the workload cluster is as it was left."""
    if live is None or applied is None:
        return False
    metadata = live["metadata"]
    left = (applied.uid, applied.resource_version)
    return bool((metadata["uid"], metadata["resourceVersion"]) == left)


def versions_of(applied: record.AppliedSecret | None) -> Versions:
    """The stored versions of the sources."""
    if applied is None:
        return {}
    versions: Versions = {}
    for name, version in applied.sources.items():
        namespace, _, short = name.partition("/")
        versions[namespace, short] = version
    return versions


def filled(manifest: structs.JSON, values: Values) -> structs.JSON:
    """The manifest of a Secret with its data, ready to be applied."""
    data = {key: base64.b64encode(value).decode("ascii") for key, value in sorted(values.items())}
    return {**manifest, "data": data}
