"""The store in Vault or OpenBao: a KV mount of version 2."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from akoo_core.plugin import clock, external, structs
from akoo_tenancy.spec import settings
from akoo_tenancy.store import answers, api, errors, keeper, wire
from akoo_tenancy.store.calls import NO_TOKEN, Route, TokenRefusedError, VaultAnswer, VaultCall
from akoo_tenancy.store.exchange import Exchange


class VaultStores:
    """The server of the settings, with one login for the process. For one event loop.

    ``make_wire`` is for tests: a server in memory.
    """

    def __init__(
        self,
        vault: settings.Vault,
        make_wire: Callable[[settings.Vault], wire.Wire] = wire.ThreadedWire,
    ) -> None:
        self._vault = vault
        self._make_wire = make_wire
        self._line: _Line | None = None

    def of(self, ctx: api.Means) -> api.Store:
        """As :meth:`api.Stores.of`."""
        if self._line is None:
            self._line = _Line(self._vault, self._make_wire(self._vault), ctx.clock)
        return VaultStore(self._vault, self._line, ctx.external)

    @property
    def logins(self) -> int:
        """Logins of this process so far."""
        return self._line.keeper.logins if self._line is not None else 0

    async def close(self) -> None:
        """As :meth:`api.Stores.close`."""
        line, self._line = self._line, None
        if line is not None:
            try:
                await line.keeper.close()
            finally:
                line.exchange.close()


class _Line:
    """All that calls share."""

    def __init__(self, vault: settings.Vault, through: wire.Wire, now: clock.Clock) -> None:
        place = answers.Place(
            address=vault.address.removeprefix("https://").rstrip("/"),
            namespace=vault.namespace,
            mount=vault.mount,
        )
        self.exchange = Exchange(through, place, now, forward=vault.forward_reads)
        self.keeper = keeper.Keeper(vault.login, self.exchange, now)
        self.mount_checked = False


class VaultStore:
    """A store for one call of a verb; see :class:`api.Store`."""

    def __init__(self, vault: settings.Vault, line: _Line, through: external.External) -> None:
        self._mount = vault.mount
        self._prefix = vault.prefix
        self._line = line
        self._external = through

    async def read(self, key: api.Key) -> api.Document:
        """As :meth:`api.Store.read`."""
        return await self.read_version(key, 0)

    async def read_version(self, key: api.Key, version: int) -> api.Document:
        """As :meth:`api.Store.read_version`; 0 is the current one."""
        answer = await self._ask(self._call(Route.READ, key, version=version))
        data, metadata = answer.data.get("data"), answer.data.get("metadata")
        if not isinstance(data, dict) or not isinstance(metadata, dict):
            raise self._strange(key)
        api.register(data)
        return api.Document(key=key, version=_number(metadata.get("version")), data=data)

    async def write(self, key: api.Key, data: structs.JSON, *, expected: int) -> int:
        """As :meth:`api.Store.write`."""
        api.check_data(data)
        api.register(data)
        answer = await self._ask(self._call(Route.WRITE, key, version=expected, data=data))
        version = answer.data.get("version")
        if not isinstance(version, int):
            raise answers.no_kv2(self._line.exchange.place, "a mount of version 1")
        return version

    async def destroy(self, key: api.Key, versions: Iterable[int]) -> None:
        """As :meth:`api.Store.destroy`."""
        numbers = tuple(sorted(set(versions)))
        if numbers:
            await self._ask(self._call(Route.DESTROY, key, versions=numbers))

    async def metadata(self, key: api.Key) -> api.Metadata:
        """As :meth:`api.Store.metadata`."""
        answer = await self._ask(self._call(Route.METADATA, key))
        versions = answer.data.get("versions")
        return api.Metadata(
            key=key,
            current=_number(answer.data.get("current_version")),
            versions={
                _number(number): _state(entry)
                for number, entry in (versions if isinstance(versions, dict) else {}).items()
            },
        )

    async def names(self, folder: api.Key) -> tuple[str, ...]:
        """As :meth:`api.Store.names`."""
        try:
            answer = await self._ask(self._call(Route.LIST, folder))
        except errors.AbsentError:
            return ()
        keys = answer.data.get("keys")
        if not isinstance(keys, list):
            raise self._strange(folder)
        return tuple(sorted(str(name) for name in keys if not str(name).endswith("/")))

    async def state(self) -> api.State:
        """As :meth:`api.Store.state`."""
        exchange = self._line.exchange
        seal = await exchange.send(VaultCall(route=Route.SEAL_STATUS), NO_TOKEN, self._external)
        body = seal.body or {}
        if body.get("sealed") or not body.get("initialized", True):
            raise errors.UnavailableError(
                f"Vault at {exchange.place.address} is sealed. Unseal it; work goes on by itself.",
                errors.Cause.SEALED,
            )
        subject = await self._line.keeper.look(self._external)
        await self.names(api.RECORDS)
        return api.State(
            kind="Vault",
            address=exchange.place.address,
            version=str(body.get("version", "")),
            subject=subject,
        )

    def _call(
        self,
        route: Route,
        key: api.Key,
        *,
        version: int = 0,
        versions: tuple[int, ...] = (),
        data: structs.JSON | None = None,
    ) -> VaultCall:
        return VaultCall(
            route=route,
            mount=self._mount,
            path=f"{self._prefix}/{key}",
            version=version,
            versions=versions,
            data=data or {},
        )

    async def _ask(self, call: VaultCall) -> VaultAnswer:
        if not self._line.mount_checked:
            await self._check_mount()
        return await self._authorised(call)

    async def _authorised(self, call: VaultCall) -> VaultAnswer:
        """The good answer, after a new login if the token is dead. A refused call had no effect."""
        line = self._line
        token = await line.keeper.token(self._external)
        try:
            return await line.exchange.send(call, token.secret, self._external)
        except TokenRefusedError:
            token = await line.keeper.refused(token, call, self._external)
        try:
            return await line.exchange.send(call, token.secret, self._external)
        except TokenRefusedError:
            raise answers.denied(call, line.exchange.place) from None

    async def _check_mount(self) -> None:
        """Look at the kind of the mount until it is good: one of version 1 looks like an empty
        one. A mount that is missing, or in which the token has no right at all, is for the call
        itself to report."""
        try:
            answer = await self._authorised(VaultCall(route=Route.MOUNT, mount=self._mount))
        except errors.DeniedError:
            return
        kind, options = answer.data.get("type"), answer.data.get("options")
        version = options.get("version") if isinstance(options, dict) else None
        if kind != "kv" or str(version) != "2":
            actual = "a KV mount of version 1" if kind == "kv" else f"a mount of type {kind}"
            raise answers.no_kv2(self._line.exchange.place, actual)
        self._line.mount_checked = True

    def _strange(self, key: api.Key) -> errors.UnexpectedError:
        return errors.UnexpectedError(
            f"The answer for {self._mount}/{self._prefix}/{key} has an unknown shape. This is a "
            "defect, or an unknown release of Vault; report it."
        )


def _number(value: Any) -> int:
    """A number, also as text; 0 for anything else."""
    try:
        return int(value)
    except (TypeError, ValueError):
        return 0


def _state(entry: Any) -> api.VersionState:
    if not isinstance(entry, dict) or entry.get("destroyed"):
        return "destroyed"
    return "deleted" if entry.get("deletion_time") else "live"
