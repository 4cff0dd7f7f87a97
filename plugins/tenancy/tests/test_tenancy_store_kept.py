"""The Secret store: errors of the API server, hands of people, and two writers."""

from __future__ import annotations

import base64
import contextlib

import pytest
from akoo_tenancy.spec import settings
from akoo_tenancy.store import api, chosen, errors, kept
from akoo_tenancy.testing.store import StoreMeans

from akoo_core.plugin import api as core_api
from akoo_core.plugin import kube
from akoo_core.testing import World

KEY = api.record_key("akoo-0f3b2c1d4e5a")
PASSWORD = "Kq7-canary-of-a-password_42.x"
DATA = {"active": {"seq": 1, "password": PASSWORD}}
SECRET = "akoo-kept.tenancy.clusters.akoo-0f3b2c1d4e5a"


class Keeping(core_api.Plugin):
    """A plugin that keeps Secrets."""

    name = "tenancy"
    keeps = True


def store_of(world: World) -> api.Store:
    means = StoreMeans(world.clock, world.calls, world.kept_secrets(Keeping()))
    return kept.KeptStores().of(means)


RAISED: dict[str, tuple[Exception, type[errors.StoreError], errors.Cause | None, bool]] = {
    "forbidden": (kube.ForbiddenError("secrets are forbidden"), errors.DeniedError, None, False),
    "away": (
        kube.UnreachableError("no answer"),
        errors.UnavailableError,
        errors.Cause.UNREACHABLE,
        True,
    ),
    "circuit": (
        kube.CircuitOpenError("silent", retry_after_seconds=1.0),
        errors.UnavailableError,
        errors.Cause.UNREACHABLE,
        False,
    ),
    "late": (TimeoutError(), errors.UnavailableError, errors.Cause.UNREACHABLE, True),
    "failing": (
        kube.ServerError("etcd", status=500),
        errors.UnavailableError,
        errors.Cause.UNREACHABLE,
        True,
    ),
    "busy": (
        kube.TooManyRequestsError("slow down"),
        errors.UnavailableError,
        errors.Cause.THROTTLED,
        False,
    ),
    "invalid": (kube.InvalidError("no", status=422), errors.UnexpectedError, None, False),
}


@pytest.mark.parametrize(("raised", "kind", "cause", "unknown"), RAISED.values(), ids=RAISED)
def test_errors_of_the_api_server(
    raised: Exception,
    kind: type[errors.StoreError],
    cause: errors.Cause | None,
    unknown: bool,
) -> None:
    world = World()

    async def main() -> None:
        store = store_of(world)
        world.calls.fail(2, "before", raised)
        with pytest.raises(kind) as refused:
            await store.write(KEY, DATA, expected=0)
        if isinstance(refused.value, errors.UnavailableError):
            assert (refused.value.cause, refused.value.outcome_unknown) == (cause, unknown)
        world.calls.heal()
        world.calls.fail(1, "before", raised)
        with pytest.raises(kind) as refused:
            await store.read(KEY)
        assert not getattr(refused.value, "outcome_unknown", False), "a read changes nothing"
        world.calls.heal()
        assert await store.write(KEY, DATA, expected=0) == 1

    world.run(main())


def test_a_lost_answer_of_a_write() -> None:
    world = World()

    async def main() -> None:
        store = store_of(world)
        world.calls.fail(2, "after", kube.UnreachableError("reset"))
        with pytest.raises(errors.UnavailableError) as refused:
            await store.write(KEY, DATA, expected=0)
        assert refused.value.outcome_unknown
        assert (await store.read(KEY)).data == DATA

    world.run(main())


@pytest.mark.parametrize("expected", [0, 1])
def test_another_writer_between_our_read_and_our_write(expected: int) -> None:
    world = World()

    async def main() -> None:
        store = store_of(world)
        for version in range(expected):
            await store.write(KEY, {"a": str(version)}, expected=version)
        keep = world.kept_secrets(Keeping())
        assert keep is not None
        overtaken = kept.KeptStore(Overtaken(keep, store))
        with pytest.raises(errors.ConflictError):
            await overtaken.write(KEY, {"late": "1"}, expected=expected)
        assert (await store.read(KEY)).data == {"first": "1"}

    world.run(main())


class Overtaken:
    """A Keep whose reader is overtaken once by another writer."""

    def __init__(self, keep: core_api.Keep, other: api.Store) -> None:
        self._other = other
        self.create, self.replace = keep.create, keep.replace
        self.delete, self.names = keep.delete, keep.names
        self._get = keep.get

    async def get(self, name: str) -> core_api.KeptSecret | None:
        secret = await self._get(name)
        current = 0
        with contextlib.suppress(errors.AbsentError):
            current = (await self._other.metadata(KEY)).current
        await self._other.write(KEY, {"first": "1"}, expected=current)
        return secret


def encoded(text: bytes) -> str:
    return base64.b64encode(text).decode()


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"history": encoded(b"[]")},
        {"history": encoded(b"{")},
    ],
    ids=["empty", "list", "no JSON"],
)
def test_a_secret_that_somebody_edited(data: dict[str, str]) -> None:
    world = World()

    async def main() -> None:
        store = store_of(world)
        await store.write(KEY, DATA, expected=0)
        client = world.management.client(external=world.calls)
        live = await client.get(kube.SECRETS, SECRET, "akoo-system")
        await client.replace(kube.SECRETS, {**live, "data": data})
        with pytest.raises(errors.UnexpectedError, match="Restore it"):
            await store.read(KEY)
        with pytest.raises(errors.UnexpectedError, match="Restore it"):
            await store.write(KEY, DATA, expected=0)

    world.run(main())


def test_no_error_and_no_name_holds_a_password() -> None:
    world = World()

    async def main() -> None:
        store = store_of(world)
        await store.write(KEY, DATA, expected=0)
        with pytest.raises(errors.ConflictError) as refused:
            await store.write(KEY, DATA, expected=5)
        texts = [str(refused.value), *map(str, world.calls.made)]
        assert not [text for text in texts if PASSWORD in text]

    world.run(main())


def test_a_key_with_a_dot_has_no_secret() -> None:
    world = World()

    async def main() -> None:
        with pytest.raises(ValueError, match="dot"):
            await store_of(world).read(api.record_key("a.b"))

    world.run(main())


def test_a_process_without_a_namespace() -> None:
    with pytest.raises(errors.MisconfiguredError, match="namespace"):
        kept.KeptStores().of(StoreMeans(World().clock))


def test_the_settings_choose() -> None:
    vault = settings.Settings(store="Vault", vault=settings.Vault(address="https://vault:8200"))
    assert type(chosen.stores(vault)).__name__ == "VaultStores"
    assert isinstance(chosen.stores(settings.Settings(store="Secret")), kept.KeptStores)
