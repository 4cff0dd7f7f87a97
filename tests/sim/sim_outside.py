"""An outside system in memory, the AKO that writes to it, and a plugin with every verb for it."""

from __future__ import annotations

import itertools
from collections.abc import Hashable
from typing import Any, ClassVar

from akoo_core.kube import errors
from akoo_core.kube import resource as resources
from akoo_core.plugin import api
from tests.sim.sim_laws import Laws
from tests.sim.sim_whims import Whims

AKO_NAMESPACE = "avi-system"
PLUGIN = "cloud"
ACCOUNT, OWN = "account", "own"
"""In AKO's ConfigMap: it has an account that the cloud plugin has not made."""
ROUTES = {"INFO": "east", "WARN": "west"}
"""The routes by log level. With another the cloud plugin declines the fact."""


class Outside:
    """Accounts and objects by the name of their record. Every made thing gets a new id, so that a
    second one shows."""

    def __init__(self, laws: Laws) -> None:
        self._laws = laws
        self._ids = itertools.count(1)
        self.accounts: dict[str, list[int]] = {}
        self.claims: set[str] = set()
        self.objects: dict[str, dict[str, int]] = {}
        self.whims = Whims()
        self.slow = False
        """An account is deleted after some requests only, how many depends on its name."""
        self.asked: dict[str, int] = {}
        """Requests to delete the account, by record."""
        self.made: list[str] = []
        """Names of all accounts ever made, in order."""
        self.unmanaged: set[str] = set()
        """Records whose AKO has written by an account that nobody here has made."""

    def make_account(self, record: str) -> None:
        self._laws.outside_write(record, PLUGIN, leaving=False)
        self.claims.add(record)
        self.accounts.setdefault(record, []).append(next(self._ids))
        self.made.append(record)
        self._laws.require(len(self.accounts[record]) == 1, f"{record} has two accounts")

    def drop_account(self, record: str) -> bool:
        """Delete the account. False: it is not deleted yet."""
        self._laws.outside_write(record, PLUGIN, leaving=True)
        asked = self.asked[record] = self.asked.get(record, 0) + 1
        if self.slow and asked <= int(record[-1], 16) % 4:
            return False
        self.accounts.pop(record, None)
        return True

    def drop_claim(self, record: str) -> None:
        self._laws.outside_write(record, PLUGIN, leaving=True)
        self.claims.discard(record)
        self.accounts.pop(record, None)

    def sweep(self, record: str, name: str) -> None:
        self._laws.swept(record)
        self._laws.outside_write(record, PLUGIN, leaving=True)
        self.objects.get(record, {}).pop(name, None)

    def own(self, record: str) -> list[str]:
        return sorted(self.objects.get(record, {}))

    def state(self) -> object:
        """The objects outside, without ids."""
        return {
            "claims": sorted(self.claims),
            "accounts": {name: len(ids) for name, ids in sorted(self.accounts.items())},
            "objects": {name: sorted(own) for name, own in sorted(self.objects.items()) if own},
        }

    def survives(self) -> Hashable:
        """As it is now: the same value means that nothing is other."""
        return repr((self.accounts, sorted(self.claims), self.objects))

    # What AKO does with its account, not with ours.

    def ako_makes(self, record: str, name: str, *, own_account: bool = False) -> None:
        """AKO writes as long as it runs and its account is there."""
        if own_account:
            self.unmanaged.add(record)
        allowed = own_account or record in self.accounts
        if allowed and name not in self.objects.get(record, {}):
            self.objects.setdefault(record, {})[name] = next(self._ids)
            self._laws.ako_wrote(record)

    def ako_deletes(self, record: str, *, own_account: bool = False) -> None:
        if own_account or record in self.accounts:
            self.objects.pop(record, None)


class Account(api.Fact, frozen=True, kw_only=True):
    """The account that AKO uses."""

    fact_name: ClassVar[str] = "SimAccount"
    user: str


class Route(api.Fact, frozen=True, kw_only=True):
    """A fact that some configs have and others do not."""

    fact_name: ClassVar[str] = "SimRoute"
    via: str


def log_level(view: api.View) -> str:
    return str((view.config.get("spec") or {}).get("logLevel", "INFO"))


class CloudPlugin(api.Plugin):
    """Every verb: an account that AKO writes with, objects to sweep, a proof, a claim."""

    provides: ClassVar[tuple[type[api.Fact], ...]] = (Account, Route)

    def __init__(self, outside: Outside) -> None:
        super().__init__()
        self.name = PLUGIN
        self.outside = outside

    @api.hookimpl
    def intend(self, view: api.View) -> api.Intent | None:
        if view.spec.leaving is not None:
            stored = view.intent(self.name)
            return api.Intent(data=stored.data) if stored else None
        return api.Intent(data={"account": view.record_name})

    @api.hookimpl
    async def prepare(self, ctx: api.VerbContext) -> api.Result:
        whim = await self.outside.whims.result()
        if whim is not None:
            return whim
        name = ctx.view.record_name
        async with ctx.external.call("cloud", "GET account", write=False, subject=name):
            known = name in self.outside.accounts
        if not known:
            async with ctx.external.call("cloud", "POST account", write=True, subject=name):
                self.outside.make_account(name)
        via = ROUTES.get(log_level(ctx.view))
        if via is None:
            return api.Done(facts=(Account(user=name),), declines=(Route.fact_name,))
        return api.Done(facts=(Account(user=name), Route(via=via)))

    @api.hookimpl
    async def confirm(self, ctx: api.VerbContext) -> api.Result:
        whim = await self.outside.whims.result()
        if whim is not None:
            return whim
        async with ctx.external.call("cloud", "GET claim", write=False):
            return api.Done()

    @api.hookimpl
    async def fence(self, ctx: api.VerbContext) -> api.Fenced | api.Wait | api.Blocked | None:
        whim = await self.outside.whims.result()
        if whim is not None:
            return whim
        if ctx.view.intent(self.name) is None:
            return None  # Nothing was ever touched.
        name = ctx.view.record_name
        async with ctx.external.call("cloud", "DELETE account", write=True, subject=name):
            dropped = self.outside.drop_account(name)
        if not dropped:
            return api.Wait(reason="Revoking", message="the account is being deleted", after=20)
        if name in self.outside.unmanaged:
            return api.Fenced(grade="Unfenced", evidence="AKO had another account, too")
        return api.Fenced(grade="Revoked", evidence="the account is deleted")

    @api.hookimpl
    async def sweep(self, ctx: api.VerbContext) -> api.Result:
        whim = await self.outside.whims.result()
        if whim is not None:
            return whim
        if ctx.view.intent(self.name) is None:
            return api.Done()
        name = ctx.view.record_name
        async with ctx.external.call("cloud", "GET objects", write=False, subject=name):
            left = self.outside.own(name)
        for subject in left:
            async with ctx.external.call("cloud", "DELETE object", write=True, subject=subject):
                self.outside.sweep(name, subject)
        return api.Done()

    @api.hookimpl
    async def verify(self, ctx: api.VerbContext) -> api.Proof | api.Wait | api.Blocked:
        whim = await self.outside.whims.result()
        if whim is not None:
            return whim
        if ctx.view.intent(self.name) is None:
            return api.Proof(own=0, queries=("nothing was ever placed",))
        name = ctx.view.record_name
        async with ctx.external.call("cloud", "GET count", write=False, subject=name):
            return api.Proof(own=len(self.outside.own(name)), queries=("objects",))

    @api.hookimpl
    async def release(self, ctx: api.VerbContext) -> api.Result:
        assert ctx.workload is None, "after let go no verb gets a workload client"
        whim = await self.outside.whims.result()
        if whim is not None:
            return whim
        if ctx.view.intent(self.name) is None:
            return api.Done()
        name = ctx.view.record_name
        async with ctx.external.call("cloud", "DELETE claim", write=True, subject=name):
            self.outside.drop_claim(name)
        return api.Done()


class AkoPlugin(api.Plugin):
    """Deploys a small AKO, watches it, drains and stops it."""

    requires: ClassVar[tuple[type[api.Fact], ...]] = (Account,)
    accepts: ClassVar[tuple[type[api.Fact], ...]] = (Route,)

    def __init__(self) -> None:
        super().__init__()
        self.name = "ako"

    @api.hookimpl
    def contribute(self, view: api.View) -> api.Contribution | api.Wait:
        account = view.fact(Account)
        if account is None:
            return api.Wait(reason="NoAccount", message="waits for its account", after=60)
        if Route.fact_name in view.awaited:
            return api.Wait(reason="NoRoute", message="waits for its route", after=60)
        route = view.fact(Route)
        via = route.via if route is not None else ""
        data = {"logLevel": log_level(view), "clusterName": account.user, "route": via}
        return api.Contribution(objects=tuple(_objects(data)))

    @api.hookimpl
    async def observe(self, ctx: api.VerbContext) -> api.Result:
        if ctx.workload is None:
            return api.Wait(reason="WorkloadUnreachable", message="no client", after=15)
        stateful_set = await ctx.workload.get(resources.STATEFUL_SETS, "ako", AKO_NAMESPACE)
        if not (stateful_set.get("status") or {}).get("readyReplicas"):
            return api.Wait(reason="AkoNotReady", message="no Pod is ready", after=2)
        return api.Done(version="2.1.1")

    @api.hookimpl
    async def drain(self, ctx: api.VerbContext) -> api.Result:
        if ctx.workload is None:
            return api.Done(message="nobody answers")
        patch = {"data": {"deleteConfig": "true"}}
        try:
            await ctx.workload.merge_patch(
                resources.CONFIG_MAPS, "avi-k8s-config", patch, AKO_NAMESPACE
            )
            stateful_set = await ctx.workload.get(resources.STATEFUL_SETS, "ako", AKO_NAMESPACE)
        except errors.NotFoundError:
            return api.Done(message="nobody to ask")
        report = (stateful_set["metadata"].get("annotations") or {}).get("AviObjectDeletionStatus")
        if report != "Done":
            return api.Wait(reason="AkoDeleting", message="AKO was asked", after=2)
        return api.Done(message="AKO says Done")

    @api.hookimpl
    async def fence(self, ctx: api.VerbContext) -> api.Fenced | api.Wait:
        if ctx.workload is None:
            return api.Fenced(grade="Unfenced", evidence="no workload API", settle_seconds=300)
        try:
            patch = {"spec": {"replicas": 0}}
            await ctx.workload.merge_patch(resources.STATEFUL_SETS, "ako", patch, AKO_NAMESPACE)
        except errors.NotFoundError:
            return api.Fenced(grade="Stopped", evidence="there is no StatefulSet")
        page = await ctx.workload.list(resources.PODS, AKO_NAMESPACE)
        if page.items:
            return api.Wait(reason="AkoStopping", message="a Pod is left", after=2)
        return api.Fenced(grade="Stopped", evidence="no Pod")


class LoneAko(AkoPlugin):
    """AKO without the cloud plugin: with an account of its own, that somebody else has made."""

    requires: ClassVar[tuple[type[api.Fact], ...]] = ()

    @api.hookimpl
    def contribute(self, view: api.View) -> api.Contribution:
        data = {"logLevel": log_level(view), "clusterName": view.record_name, ACCOUNT: OWN}
        return api.Contribution(objects=tuple(_objects(data)))


def _objects(data: dict[str, str]) -> list[dict[str, Any]]:
    metadata = {"namespace": AKO_NAMESPACE}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": AKO_NAMESPACE}},
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "avi-k8s-config", **metadata},
            "data": data,
        },
        {
            "apiVersion": "apps/v1",
            "kind": "StatefulSet",
            "metadata": {"name": "ako", **metadata},
            "spec": {
                "replicas": 1,
                "template": {"spec": {"containers": [{"name": "ako", "image": "ako:2.1.1"}]}},
            },
        },
    ]
