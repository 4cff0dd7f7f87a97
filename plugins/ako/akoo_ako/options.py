"""``spec.plugins.ako``: what the ancestor's fields do not reach. Strict: a typing error is one."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from akoo_ako.chart.declarations import Overridable, ValueFrom
from akoo_ako.helm.archive import Chart
from akoo_ako.images import PullSecret
from akoo_ako.releases.release import Image
from akoo_core.plugin import structs
from akoo_core.plugin.ako_networks import AkoVipNetwork
from akoo_core.plugin.settings import Reference

RESOURCES: Final = {
    "limits": {"cpu": "350m", "memory": "400Mi"},
    "requests": {"cpu": "200m", "memory": "300Mi"},
}
"""Of each container, as the vendor's chart sets them."""


class Options(structs.StrictStruct, frozen=True, kw_only=True):
    """Per AKODeploymentConfig. Every default is the vendor's unless said otherwise."""

    existing: Literal["Refuse", "Observe", "Adopt"] = "Refuse"
    """The way to treat an AKO that somebody else deployed. Refuse: nothing is deployed where an
    object of it is in the way. Observe: it is looked at, and nothing is changed; a cluster without
    AKO gets none. Adopt: it is taken over as it is; a cluster without AKO gets one."""
    adopt_at_once: Annotated[int, structs.Meta(ge=0, le=1000)] = 5
    """Adoptions of clusters of this config that may be under way at a time. 0: none begins, and
    ``akoo-core plan`` shows what would be done."""
    version: str = ""
    """Of AKO; see the settings of the operator for the default."""
    chart: Chart | None = None
    """An archive of AKO's Helm chart that is rendered instead of the objects that are built in."""
    image: Image = Image()
    gateway_image: Image = Image()
    image_pull_policy: Literal["Always", "IfNotPresent", "Never", ""] = ""
    image_pull_secrets: tuple[Reference, ...] = ()
    image_registry: str = ""
    """Registry that replaces the host of every image."""
    copied_pull_secrets: tuple[PullSecret, ...] = ()
    """Secrets of the management cluster that are copied into avi-system and named there."""
    resources: structs.JSON = {}
    """Of each container, as in a Pod. Empty: the vendor's figures (350m and 400Mi at most)."""
    node_selector: dict[str, str] = {}
    tolerations: tuple[structs.JSON, ...] = ()
    pod_security: Literal["Restricted", "Vendor"] = "Restricted"
    """Restricted: what the Pod Security Standard of that name asks for, as user 1000. Vendor: no
    security context at all, as the vendor's chart has it (AKO then runs as root)."""
    insecure_skip_tls_verify: bool = structs.field(default=False, name="insecureSkipTLSVerify")
    """Deploy without a CA. AKO then trusts whoever answers for the Avi Controller."""

    vrf_name: str = ""
    dedicated_tenant_mode: bool = False
    vpc_mode: bool = False
    default_lb_controller: bool = structs.field(default=True, name="defaultLBController")
    """False: only Services with loadBalancerClass ako.vmware.com/avi-lb."""
    fqdn_reuse_policy: Literal["InterNamespaceAllowed", "Strict"] = "InterNamespaceAllowed"
    enable_prometheus: bool = False
    vip_networks: tuple[AkoVipNetwork, ...] = ()
    """Instead of spec.dataNetwork: a UUID, both families, or (AWS) several networks."""
    values: structs.JSON = {}
    """Values of AKO's chart, by its paths. A path that a field sets, too, is refused."""
    values_from: tuple[ValueFrom, ...] = ()
    """Values of the chart that each cluster has of its own."""
    overridable: tuple[Overridable, ...] = ()
    """The paths that labels and annotations of Clusters may set."""
