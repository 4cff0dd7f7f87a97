"""Secret values on their way into a workload cluster: opened late, never stored, never compared
in the open.

A change is seen by a hash under a key that lives only in this process, so nothing that is kept can
be used to guess a value.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets as random_
from collections.abc import Mapping

from akoo_core import structs
from akoo_core.plugins import api
from akoo_core.plugins.errors import SecretMissingError
from akoo_core.reconcile import secret_reader
from akoo_core.reconcile.inventory import Key
from akoo_core.reconcile.world import Plugins

Values = Mapping[str, bytes]


class SecretOpener:
    """Turns the sources of a SecretObject into values."""

    def __init__(self, reader: api.SecretReader, plugins: Plugins) -> None:
        self._reader = reader
        self._plugins = plugins

    async def open(self, one: api.SecretObject) -> Values:
        """The values by key; optional sources that are absent are left out.

        Raises BlockedError when one cannot be had.
        """
        values: dict[str, bytes] = {}
        for key, source in sorted(one.data.items()):
            value = await self._value(source)
            if value is not None:
                values[key] = value
        return values

    async def _value(self, source: api.SecretSource) -> bytes | None:
        if not source.plugin:
            return await self._reader.read(source)
        plugin = self._plugins.get(source.plugin)
        if plugin is None:
            raise SecretMissingError(
                f'Key {source.key!r} is kept by plugin "{source.plugin}", which is not loaded.'
            )
        value = await plugin.open_secret(source)
        if value is not None:
            secret_reader.mask(source.key, value)
        return value


class Seals:
    """Remembers, for this process only, what was last seen in each Secret of each record."""

    def __init__(self) -> None:
        self._key = random_.token_bytes(32)
        self._known: dict[tuple[str, Key], bytes] = {}

    def known(self, record_name: str, key: Key) -> bool:
        return (record_name, key) in self._known

    def unchanged(self, record_name: str, key: Key, values: Values) -> bool:
        """Whether these are the values remembered."""
        seal = self._known.get((record_name, key))
        return seal is not None and hmac.compare_digest(seal, self._seal(values))

    def remember(self, record_name: str, key: Key, values: Values) -> None:
        self._known[record_name, key] = self._seal(values)

    def forget(self, record_name: str) -> None:
        """Drop all of a record."""
        self._known = {one: seal for one, seal in self._known.items() if one[0] != record_name}

    def _seal(self, values: Values) -> bytes:
        plain = structs.encode_json([(key, values[key].hex()) for key in sorted(values)])
        return hmac.new(self._key, plain, hashlib.sha256).digest()


def filled(manifest: structs.JSON, values: Values) -> structs.JSON:
    """The manifest of a Secret with its data, ready to be applied."""
    data = {key: base64.b64encode(value).decode("ascii") for key, value in sorted(values.items())}
    return {**manifest, "data": data}
