"""Refused logins, remembered in a ConfigMap beside the Lease: a lock-out needs no single process.

Systems lock an account after a few wrong passwords. A command, a restart and another replica would
each try the same wrong one again. So a refusal is kept by the UID and the version of the Secret
that it was read from (never by its value), and by the address. A Secret that was changed is tried
at once. Who may not write the ConfigMap honours what stands there.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Mapping
from typing import Literal

from akoo_core import errors, structs
from akoo_core.clock import Clock
from akoo_core.kube import errors as kube_errors
from akoo_core.kube import resource as resources
from akoo_core.kube.client import KubeClient
from akoo_core.plugin import api

FIRST_SECONDS = 300.0
"""Pause after the first refusal: a password that is being changed is right soon."""
AGAIN_SECONDS = 3600.0
"""Pause after each further refusal: two in an hour lock no account."""
CAPACITY = 256
"""Entries; the oldest are forgotten."""

Mode = Literal["operator", "command", "insist"]
"""``operator``: tries again in time. ``command``: never while a refusal is known. ``insist``: a
person wants a try."""


def name(lease_name: str) -> str:
    """The name of the ConfigMap, in the operator's namespace."""
    return f"{lease_name}-refused-logins"


class LoginEntry(structs.Struct, frozen=True, kw_only=True):
    """One value of the ConfigMap."""

    secret: str
    """``namespace/name``, for people."""
    version: str
    """``uid/resourceVersion`` of the Secret that was read."""
    address: str
    refused_at: datetime.datetime
    times: int = 1


class ConfigMapLoginMemory:
    """An api.LoginMemory over one ConfigMap. ``client`` may write it, or only read it."""

    def __init__(
        self,
        client: KubeClient,
        *,
        namespace: str,
        name: str,
        clock: Clock,
        mode: Mode = "operator",
    ) -> None:
        self._client = client
        self._namespace = namespace
        self._name = name
        self._clock = clock
        self._mode = mode
        self._entries: dict[str, LoginEntry] = {}
        """The entries as last read."""

    async def refused(self, account: api.Account) -> api.RefusedLogin | None:
        """See :class:`akoo_core.plugin.api.LoginMemory`."""
        self._entries = await self._read()
        entry = self._known(account)
        if entry is None or self._mode == "insist":
            return None
        left = (_until(entry) - self._clock.now()).total_seconds()
        if left <= 0 and self._mode == "operator":
            return None
        by_command = self._mode == "command"
        return api.RefusedLogin(
            at=entry.refused_at, retry_seconds=max(left, 0.0), by_command=by_command
        )

    async def note(self, account: api.Account) -> float:
        """See :class:`akoo_core.plugin.api.LoginMemory`."""
        before = self._known(account)
        entry = LoginEntry(
            secret=account.secret,
            version=account.version,
            address=account.address,
            refused_at=self._clock.now(),
            times=before.times + 1 if before else 1,
        )
        self._entries[_key(account)] = entry
        forgotten = surplus(self._entries)
        for key in forgotten:
            del self._entries[key]
        written = structs.encode_json(structs.to_object(entry)).decode()
        await self._write({**dict.fromkeys(forgotten), _key(account): written})
        return rest_seconds(entry)

    async def accept(self, account: api.Account) -> None:
        """See :class:`akoo_core.plugin.api.LoginMemory`."""
        if self._entries.pop(_key(account), None) is not None:
            await self._write({_key(account): None})

    def _known(self, account: api.Account) -> LoginEntry | None:
        entry = self._entries.get(_key(account))
        return entry if entry is not None and entry.version == account.version else None

    async def _read(self) -> dict[str, LoginEntry]:
        try:
            config_map = await self._client.get(resources.CONFIG_MAPS, self._name, self._namespace)
        except kube_errors.NotFoundError:
            return {}
        except kube_errors.KubeError:
            return self._entries
        return decoded(config_map.get("data") or {})

    async def _write(self, data: Mapping[str, str | None]) -> None:
        """Write one entry. A failure is logged only: the refusal itself is reported in any case."""
        try:
            await self._patch(data)
        except (kube_errors.KubeError, errors.ReadOnlyError):
            return

    async def _patch(self, data: Mapping[str, str | None]) -> None:
        kind, namespace = resources.CONFIG_MAPS, self._namespace
        try:
            await self._client.merge_patch(kind, self._name, {"data": data}, namespace)
        except kube_errors.NotFoundError:
            made = {
                "apiVersion": kind.api_version,
                "kind": kind.kind,
                "metadata": {"name": self._name, "namespace": namespace},
                "data": {key: value for key, value in data.items() if value is not None},
            }
            await self._client.create(kind, made, namespace)


# Pure.


def rest_seconds(entry: LoginEntry) -> float:
    """Seconds after its last refusal in which the operator does not try a credential."""
    return FIRST_SECONDS if entry.times == 1 else AGAIN_SECONDS


def decoded(data: Mapping[str, str]) -> dict[str, LoginEntry]:
    """The entries that can be read; others are left out."""
    entries: dict[str, LoginEntry] = {}
    for key, text in data.items():
        try:
            entries[key] = structs.convert(structs.decode_json(text.encode()), LoginEntry)
        except (structs.DecodeError, RecursionError):
            continue
    return entries


def surplus(entries: Mapping[str, LoginEntry]) -> list[str]:
    """The keys beyond the bound, oldest first."""
    oldest = sorted(entries, key=lambda key: entries[key].refused_at)
    return oldest[: max(0, len(entries) - CAPACITY)]


def _until(entry: LoginEntry) -> datetime.datetime:
    return entry.refused_at + datetime.timedelta(seconds=rest_seconds(entry))


def _key(account: api.Account) -> str:
    """One for each Secret and address; a new version of the Secret takes the place of the old."""
    uid = account.version.partition("/")[0]
    return f"{uid}.{hashlib.sha256(account.address.encode()).hexdigest()[:12]}"
