"""The means of a story about accounts: a cluster with one of its own, and a look at it all the
time."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import datetime
import os
from collections.abc import AsyncIterator, Callable
from typing import Any, Final, NamedTuple

from akoo_testbed import waiting
from akoo_testbed.akosim import counts
from akoo_testbed.avisim.access import auth

from akoo_core.sandbox import process
from tests.stories.scene import Scene
from tests.stories.setting import RECORD, SECONDS, Object, condition
from tests.stories.tenancy.vault import Vault

ROTATE: Final = "tenancy.akoo.io/rotate"
SECRET: Final = ("v1/Secret", "avi-system", "avi-secret")
LOOK_SECONDS: Final = 0.05
SHORT: Final[dict[str, Any]] = {"quietPeriod": "1s", "drainTimeout": "2s"}
"""For stories that are about something else than the end."""


class Pair(NamedTuple):
    """The account in avi-secret. ``password`` is secret."""

    username: str
    password: str

    def __repr__(self) -> str:
        return f"Pair({self.username})"


class Accounts:
    """The account of a story's cluster."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.api = scene.api
        self.passwords: set[str] = set()
        self._watched = self._neighbour = counts.Counts()
        self._neighbour_name = ""

    @property
    def vault(self) -> Vault:
        return self.scene.story_bed.vault

    # What is declared.

    def own(self, **tenancy: Any) -> dict[str, Any]:
        """Fields of a config whose clusters have accounts of their own."""
        options = {"rotation": {"grace": "1s"}} | tenancy
        return {"workloadCredentialRef": None, "plugins": {"tenancy": options}}

    async def lives(self, *, neighbours_too: bool = True, **config: Any) -> Object:
        """The cluster works with its first account, beside neighbours in the same tenant."""
        await self.scene.lives(neighbours_too=neighbours_too, **(self.own() | config))
        record = await self.in_use()
        await self.pair()
        await self.note_neighbour()
        return record

    async def note_neighbour(self) -> None:
        """From now on the AKO of the managed neighbour is neither started nor refused."""
        space = self.scene.slot.neighbour
        stored = await self.api.list(RECORD)
        (self._neighbour_name,) = (
            str(record["spec"]["akoClusterName"])
            for record in stored
            if record["spec"]["clusterRef"]["namespace"] == space
        )
        self._neighbour = counts.of(self._neighbour_name)

    async def rotate(self, *words: str) -> None:
        """A person asks for a new account."""
        await self.annotate(",".join(words) or "requested")

    async def command(self, *words: str) -> str:
        """Run a command of akoo-core with the settings of the operator; all it printed."""
        running = await asyncio.create_subprocess_exec(
            *self.scene.story_bed.operator.command,
            *words,
            env=process.own_environment(os.environ) | self.vault.variables(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        printed, _ = await running.communicate()
        assert running.returncode == 0, printed.decode(errors="replace")
        return printed.decode()

    async def annotate(self, value: str | None) -> None:
        patch = {"metadata": {"annotations": {ROTATE: value}}}
        await self.api.patch(RECORD, None, self.scene.record_name, patch)

    async def age(self, days: float) -> None:
        """The account is older by some days, as its record in the management cluster has it."""
        fact = (await self.scene.record())["spec"]["facts"]["TenancyAccount"]
        since = datetime.datetime.fromisoformat(fact["data"]["since"])
        older = (since - datetime.timedelta(days=days)).isoformat().replace("+00:00", "Z")
        spec = {"facts": {"TenancyAccount": {"data": {"since": older}}}}
        await self.api.patch(RECORD, None, self.scene.record_name, {"spec": spec})

    # What is seen.

    async def in_use(self, above: int = 0) -> Object:
        """The record, once AKO works with an account above that sequence, and there is no other."""
        return await self.scene.record(lambda record: is_used(record, above=above))

    async def sequence(self) -> int:
        """Of the account that AKO was given last."""
        return int(fact_of(await self.scene.record()).get("sequence", 0))

    async def says(self, reason: str) -> Object:
        """The record, once TenancyReady has that reason."""
        return await self.scene.says("TenancyReady", reason)

    async def pair(self) -> Pair:
        """The account in avi-secret."""
        async with self.scene.workload() as workload:
            pair = _pair(await workload.get(*SECRET))
        self.passwords.add(pair.password)
        return pair

    async def has_user(self, accept: Callable[[str], bool]) -> None:
        """Wait until avi-secret has a user of that name, and AKO has started since ``watched``."""
        await self.avi_secret_names(accept)
        await self.until(lambda: self.since_watched().starts > 0, "a start of AKO")

    async def avi_secret_names(self, accept: Callable[[str], bool]) -> None:
        """Wait until avi-secret has a user of that name."""
        async with self.scene.workload() as workload:
            await workload.wait_for(
                *SECRET, lambda obj: obj is not None and accept(_pair(obj).username), SECONDS
            )

    def virtual_services(self) -> dict[str, str]:
        """The time of the last change of each on the controller, by UUID."""
        page = self.scene.avi.admin.get("virtualservice?page_size=200", x_avi_tenant="*")
        return {row["uuid"]: row["_last_modified"] for row in page["results"]}

    def valid(self, pair: Pair) -> bool:
        """The account can log in. It is not tried, for any login that Avi sees is to be AKO's."""
        user = self.scene.avi.controller.state.user_named(pair.username)
        return (
            user is not None
            and bool(user.data.get("access"))
            and auth.password_matches(user.data["password"], pair.password)
        )

    def users(self) -> list[str]:
        """The users of the cluster on Avi."""
        return self._of_kind("user/")

    def roles(self) -> list[str]:
        return self._of_kind("role/")

    def _of_kind(self, start: str) -> list[str]:
        traces = self.scene.avi.of(self.scene.record_name)
        return [trace.removeprefix(start) for trace in traces if trace.startswith(start)]

    def count(self) -> counts.Counts:
        """Starts and logins of the cluster's AKO so far."""
        return counts.of(self.scene.x)

    def since_watched(self) -> counts.Counts:
        """The same since the last ``watched`` began."""
        return self.count().since(self._watched)

    @contextlib.asynccontextmanager
    async def watched(self, *, starts: int | None = None) -> AsyncIterator[None]:
        """While the block lasts the pair in avi-secret is valid at each moment, no login of AKO is
        refused, and AKO starts that often."""
        self._watched = self.count()
        watching = asyncio.create_task(self._watch(), name=f"watch of {self.scene.record_name}")
        try:
            yield
        finally:
            watching.cancel()
            (result,) = await asyncio.gather(watching, return_exceptions=True)
        if isinstance(result, Exception):
            raise result
        since = self.since_watched()
        assert since.refused == 0, since
        assert starts is None or since.starts == starts, since

    async def _watch(self) -> None:
        async with self.scene.workload() as workload:
            while True:
                pair = _pair(await workload.get(*SECRET))
                self.passwords.add(pair.password)
                if not self.valid(pair) and _pair(await workload.get(*SECRET)) == pair:
                    raise AssertionError(f"{pair.username} in avi-secret is not valid")
                await asyncio.sleep(LOOK_SECONDS)

    async def until(self, accept: Callable[[], object], title: str) -> None:
        async def accepted() -> bool:
            return bool(accept())

        await waiting.until(accepted, title=title, seconds=SECONDS, every=0.05)

    # The ends that every story comes to.

    async def rotated(self, above: int) -> Object:
        """AKO works with a newer account, and the former one is gone."""
        record = await self.in_use(above)
        pair = await self.pair()
        assert self.users() == [pair.username]
        assert self.valid(pair)
        self.untouched()
        return record

    def untouched(self) -> None:
        """Nothing of the neighbours changed, and none of their AKOs was started or refused."""
        self.scene.untouched()
        since = counts.of(self._neighbour_name).since(self._neighbour)
        assert (since.starts, since.refused) == (0, 0), since

    async def ends(self, **how: Any) -> Object:
        """The Cluster is deleted, and nothing of it is left: no user, role or password."""
        await self.scene.delete()
        return await self.ended(**how)

    async def ended(self, **how: Any) -> Object:
        record = await self.scene.ends(**how)
        await self.buried()
        self.untouched()
        self.assert_secret()
        return record

    async def buried(self) -> None:
        """The record in the store is a tombstone."""
        assert (self.users(), self.roles()) == ([], [])
        data = await self.vault.record(self.scene.record_name)
        assert data["state"] == "revoked", data["state"]
        assert "password" not in str(data)
        assert await self.vault.readable_versions(self.scene.record_name) == 1

    def assert_secret(self) -> None:
        """No password that AKO had is in the log of the operator."""
        text = self.scene.story_bed.operator.log.read_text(errors="replace")
        assert self.passwords
        forms = {form for word in self.passwords for form in (word, _encoded(word))}
        assert not any(form in text for form in forms), "a password is in the log"


def is_used(record: Object | None, *, above: int = 0) -> bool:
    """AKO works with an account above that sequence, and there is no other."""
    account = fact_of(record or {"spec": {}})
    return (
        account.get("sequence", 0) > above
        and account.get("phase") == "Active"
        and not account.get("retiringAt")
        and not account.get("delayed")
        and condition(record or {}, "TenancyReady").get("status") == "True"
    )


def fact_of(record: Object) -> Object:
    """The data of fact TenancyAccount; {} for none."""
    facts = record["spec"].get("facts") or {}
    return dict((facts.get("TenancyAccount") or {}).get("data") or {})


def _pair(secret: Object) -> Pair:
    data = secret["data"]
    return Pair(*(base64.b64decode(data[key]).decode() for key in ("username", "password")))


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
