"""Small plugins for the tests of reconcile: one deploys AKO, one has an outside to clean up."""

from __future__ import annotations

from typing import Any, ClassVar

from akoo_core.kube import resource as resources
from akoo_core.plugin import api

AKO_NAMESPACE = "avi-system"


class Account(api.Fact, frozen=True, kw_only=True):
    fact_name: ClassVar[str] = "Account"
    user: str
    roles: tuple[str, ...] = ("ako",)


class Ako(api.Plugin):
    """Deploys a StatefulSet with a ConfigMap and a Secret; drains and fences it."""

    accepts: ClassVar[tuple[type[api.Fact], ...]] = (Account,)

    def __init__(self, settings: Any = None) -> None:
        super().__init__(settings)
        self.drain_answer: api.Result | None = api.Done(message="asked")
        self.fence_answer: api.Fenced | api.Wait | None = None
        """The answer of fence in place of a real one."""
        self.calls: list[str] = []

    @api.hookimpl
    def contribute(self, view: api.View) -> api.Contribution | api.Wait | api.Blocked | None:
        level = (view.config.get("spec") or {}).get("logLevel", "INFO")
        account = view.fact(Account)
        data = {"logLevel": level, "user": account.user if account else ""}
        metadata = {"namespace": AKO_NAMESPACE}
        password = api.SecretSource(namespace="akoo-system", name="ako", key="password")
        return api.Contribution(
            objects=(
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
                    "spec": {"replicas": 1},
                },
            ),
            secrets=(
                api.SecretObject(
                    namespace=AKO_NAMESPACE, name="avi-secret", data={"password": password}
                ),
            ),
        )

    @api.hookimpl
    async def observe(self, ctx: api.VerbContext) -> api.Result | None:
        self.calls.append("observe")
        if ctx.workload is None:
            return api.Wait(reason="WorkloadUnreachable", message="no client", after=10)
        await ctx.workload.get(resources.STATEFUL_SETS, "ako", AKO_NAMESPACE)
        return api.Done(version="2.1.1")

    @api.hookimpl
    async def drain(self, ctx: api.VerbContext) -> api.Result | None:
        self.calls.append("drain")
        if ctx.workload is not None:
            patch = {"data": {"deleteConfig": "true"}}
            await ctx.workload.merge_patch(
                resources.CONFIG_MAPS, "avi-k8s-config", patch, AKO_NAMESPACE
            )
        return self.drain_answer

    @api.hookimpl
    async def fence(self, ctx: api.VerbContext) -> api.Fenced | api.Wait | api.Blocked | None:
        self.calls.append("fence")
        if self.fence_answer is not None:
            return self.fence_answer
        if ctx.workload is None:
            return api.Fenced(grade="Unfenced", evidence="no workload API", settle_seconds=0)
        patch = {"spec": {"replicas": 0}}
        await ctx.workload.merge_patch(resources.STATEFUL_SETS, "ako", patch, AKO_NAMESPACE)
        return api.Fenced(grade="Stopped", evidence="replicas 0, no Pod")

    @api.hookimpl
    async def release(self, ctx: api.VerbContext) -> api.Result | None:
        self.calls.append("release")
        assert ctx.workload is None, "after let go no verb gets a workload client"
        return None


class Avi(api.Plugin):
    """An outside with objects: prepare claims, sweep deletes what it can, verify counts."""

    provides: ClassVar[tuple[type[api.Fact], ...]] = (Account,)
    outside: dict[str, set[str]]

    def __init__(self, settings: Any = None) -> None:
        super().__init__(settings)
        self.outside = {}
        self.held: set[str] = set()
        self.user = "ako-user"
        self.fail: dict[str, Exception | api.Blocked] = {}
        self.calls: list[str] = []
        self.tenants: tuple[str, ...] = ()

    def _enter(self, verb: str, ctx: api.VerbContext) -> api.Blocked | None:
        self.calls.append(verb)
        self.tenants = ctx.view.sweep_tenants
        answer = self.fail.get(verb)
        if isinstance(answer, Exception):
            raise answer
        assert ctx.view.intent(self.name) is not None, "the intent was stored before"
        return answer

    @api.hookimpl
    def intend(self, view: api.View) -> api.Intent | api.Blocked | None:
        cloud = (view.config.get("spec") or {}).get("cloudName", "cloud-1")
        return api.Intent(data={"cloud": cloud, "networks": ("vip-a",)})

    @api.hookimpl
    async def prepare(self, ctx: api.VerbContext) -> api.Result | None:
        answer = self._enter("prepare", ctx)
        self.outside.setdefault(ctx.view.record_name, set())
        return answer or api.Done(facts=(Account(user=self.user, roles=("ako", "reader")),))

    @api.hookimpl
    async def sweep(self, ctx: api.VerbContext) -> api.Result | None:
        answer = self._enter("sweep", ctx)
        left = self.outside.get(ctx.view.record_name, set()) & self.held
        self.outside[ctx.view.record_name] = left
        return answer

    @api.hookimpl
    async def verify(
        self, ctx: api.VerbContext
    ) -> api.Proof | api.Unverified | api.Wait | api.Blocked | None:
        answer = self._enter("verify", ctx)
        if answer:
            return answer
        own = self.outside.get(ctx.view.record_name, set())
        return api.Proof(own=len(own), held=len(own & self.held), queries=("virtualservice",))

    @api.hookimpl
    async def release(self, ctx: api.VerbContext) -> api.Result | None:
        answer = self._enter("release", ctx)
        self.outside.pop(ctx.view.record_name, None)
        return answer
