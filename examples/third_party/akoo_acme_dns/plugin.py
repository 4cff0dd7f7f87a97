"""The verbs: name the cluster, deploy the name, check that it is there."""

from __future__ import annotations

from typing import Any, ClassVar

from akoo_acme_dns import domains, zones
from akoo_core.plugin import api, kube, structs

NAMESPACE, NAME = "kube-system", "acme-dns"


class Settings(structs.StrictStruct, frozen=True, kw_only=True):
    """``plugins.acme-dns`` in the operator's settings."""

    domain: str = "clusters.example.com"
    """The parent of the domains of clusters."""


class Options(structs.StrictStruct, frozen=True, kw_only=True):
    """``spec.plugins.acme-dns`` in an AKODeploymentConfig."""

    domain: str = ""
    """Overrides the operator's."""


class ClusterDomain(api.Fact, frozen=True, kw_only=True):
    """The domain of one workload cluster, for plugins that publish something below it."""

    fact_name: ClassVar[str] = "ClusterDomain"

    domain: str


class AcmeDnsPlugin(api.Plugin):
    """Gives each workload cluster a domain. Nothing outside is made, so nothing has to leave."""

    settings_type: ClassVar[type[structs.StrictStruct] | None] = Settings
    config_type: ClassVar[type[structs.StrictStruct] | None] = Options
    provides: ClassVar[tuple[type[api.Fact], ...]] = (ClusterDomain,)
    rbac: ClassVar[tuple[api.RbacRule, ...]] = zones.RIGHTS
    manifests: ClassVar[str] = "akoo_acme_dns:manifests"

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(settings or Settings())

    @api.hookimpl
    async def prepare(self, ctx: api.VerbContext) -> api.Result:
        """Name the cluster, in a span of its own."""
        domain = self._domain(ctx.view)
        with ctx.tracer.start_as_current_span("acme-dns name cluster") as span:
            span.set_attribute("acme.domain", domain)
            problem = domains.problem(domain)
        if problem:
            return api.Blocked(
                reason="DomainInvalid",
                message=f"{problem}. Correct spec.plugins.acme-dns.domain of AKODeploymentConfig "
                f"{ctx.view.spec.config_ref.name}.",
            )
        return api.Done(facts=(ClusterDomain(domain=domain),))

    @api.hookimpl
    def contribute(self, view: api.View) -> api.Contribution:
        """The ConfigMap with the domain of the cluster."""
        config_map: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"namespace": NAMESPACE, "name": NAME},
            "data": {"domain": self._domain(view)},
        }
        return api.Contribution(objects=(config_map,))

    @api.hookimpl
    async def observe(self, ctx: api.VerbContext) -> api.Result:
        """Check that the ConfigMap is there."""
        if ctx.workload is None:
            message = "the workload cluster does not answer."
            return api.Wait(reason="WorkloadUnreachable", message=message, after=15.0)
        try:
            config_map = await ctx.workload.get(kube.CONFIG_MAPS, NAME, NAMESPACE)
        except kube.NotFoundError:
            message = f"ConfigMap {NAMESPACE}/{NAME} is not there (yet)."
            return api.Wait(reason="DomainNotTold", message=message, after=5.0)
        domain = str(config_map["data"]["domain"])
        return api.Done(facts=(ClusterDomain(domain=domain),), message=f"its domain is {domain}.")

    @api.hookimpl
    async def plan(
        self, ctx: api.VerbContext, verb: api.PlannedVerb
    ) -> tuple[api.PlannedAction, ...] | None:
        """The name of the cluster. Nothing outside is made, so there is nothing to delete."""
        if verb == "sweep":
            return ()
        domain = self._domain(ctx.view)
        why = domains.problem(domain) or "named after the cluster"
        return (api.PlannedAction(action="keep", kind="Domain", name=domain, why=why),)

    @api.hookimpl
    def controllers(self) -> tuple[api.ControllerRegistration, ...]:
        """See :mod:`akoo_acme_dns.zones`."""
        return (zones.registration(),)

    def _domain(self, view: api.View) -> str:
        ref = view.spec.cluster_ref
        wanted = view.plugin_config.domain if view.plugin_config else ""
        return domains.of_cluster(ref.namespace, ref.name, wanted or self.settings.domain)
