"""The Cluster API core manager."""

import re
from collections.abc import Mapping

from akoo_testbed import base
from akoo_testbed.building import recipes
from akoo_testbed.parts import apiserver, part
from akoo_testbed.process import ports
from akoo_testbed.trust import certificates

# By default a controller reconciles an object at most once a second and looks at a MachineSet's
# preflight checks every 15 s: a Cluster then takes 9 s, without them 1.5 s.
FAST_GATES = {"ReconcilerRateLimiting": False, "MachineSetPreflightChecks": False}
DEFAULT_GATES = {"ClusterTopology": True, "RuntimeSDK": True}
_SINCE = {"ReconcilerRateLimiting": (1, 12)}
"""The first release with a gate, where an older one would refuse to start."""

CONTROLLERS = {"cluster", "machine", "machinedeployment", "machinepool", "machineset"}
"""They start within a tenth of a second of each other, so these stand for all."""

_WORKING = re.compile(r'"Starting workers" controller="([^"]+)"')


class ClusterApi(part.Part):
    """The manager without webhooks: objects are written in v1beta2 and complete.

    `fast` turns off what the real world needs and tests only wait for; `gates` are added.
    `recipe` is the release of Cluster API, of `recipes.RECIPES`.
    """

    def __init__(
        self,
        bed_base: base.BedBase,
        server: apiserver.ApiServer,
        *,
        fast: bool = True,
        gates: Mapping[str, bool] | None = None,
        recipe: str = "clusterapi",
        name: str = "cluster-api",
    ) -> None:
        super().__init__(bed_base, name)
        self._server = server
        self._recipe = recipe
        self.gates = DEFAULT_GATES | (fast_gates(recipe) if fast else {}) | dict(gates or {})
        self._health, self._diagnostics, self._webhook = (ports.pick() for _ in range(3))
        self.metrics_url = f"http://127.0.0.1:{self._diagnostics}/metrics"
        self.webhook_url = f"https://127.0.0.1:{self._webhook}"
        """The address of its admission webhooks, for the configuration of the API server."""

    def command(self) -> list[str]:
        keys = self.base.folder / "keys"
        kubeconfig = keys / f"{self.name}.kubeconfig"
        certificates.write_private(kubeconfig, self._server.kubeconfig)
        webhook = keys / f"{self.name}-webhook"
        webhook.mkdir(exist_ok=True)
        self.base.authority.server().write(webhook, "tls")
        gates = ",".join(f"{name}={str(on).lower()}" for name, on in sorted(self.gates.items()))
        return [
            str(self.base.built.binary("cluster-api", self._recipe)),
            f"--kubeconfig={kubeconfig}",
            f"--webhook-port={self._webhook}",
            f"--webhook-cert-dir={webhook}",
            f"--health-addr=127.0.0.1:{self._health}",
            f"--diagnostics-address=127.0.0.1:{self._diagnostics}",
            "--insecure-diagnostics",
            f"--feature-gates={gates}",
        ]

    async def probe(self) -> bool:
        """Its /readyz is green a second before a controller works, so what it logs about them."""
        return set(_WORKING.findall(self.new_log())) >= CONTROLLERS


def fast_gates(recipe: str) -> dict[str, bool]:
    """FAST_GATES, without those that this release of Cluster API does not know."""
    release = recipes.minor_of(recipes.RECIPES[recipe].version)
    return {name: on for name, on in FAST_GATES.items() if release >= _SINCE.get(name, release)}
