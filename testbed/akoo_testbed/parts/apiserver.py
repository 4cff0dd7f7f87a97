"""kube-apiserver: the API of the management cluster or of a workload cluster."""

from collections.abc import Mapping, Sequence

from akoo_testbed import base
from akoo_testbed.parts import etcd, part
from akoo_testbed.process import ports


class ApiServer(part.Part):
    """One API server with its own port and its own prefix in the shared etcd.

    RBAC is on; the administrator's certificate is in group system:masters. `arguments` are added
    to the command line. `recipe` is the release of Kubernetes, of `recipes.RECIPES`.
    """

    def __init__(
        self,
        bed_base: base.BedBase,
        store: etcd.Etcd,
        name: str,
        *,
        prefix: str = "",
        arguments: Sequence[str] = (),
        recipe: str = "kubernetes",
    ) -> None:
        super().__init__(bed_base, f"kube-apiserver-{name}")
        self.prefix = prefix or f"/{name}"
        self.recipe = recipe
        self.port = ports.pick()
        self.url = f"https://127.0.0.1:{self.port}"
        self._store = store
        self._arguments = arguments

    @property
    def kubeconfig(self) -> str:
        """Text of the administrator's kubeconfig; secret."""
        return self.base.admin_kubeconfig(self.url)

    def command(self) -> list[str]:
        return [
            str(self.base.built.binary("kube-apiserver", self.recipe)),
            f"--etcd-servers={self._store.url}",
            f"--etcd-prefix={self.prefix}",
            f"--secure-port={self.port}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            "--endpoint-reconciler-type=none",
            f"--tls-cert-file={self.base.server_certificate}",
            f"--tls-private-key-file={self.base.server_key}",
            f"--client-ca-file={self.base.ca_file}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={self.base.service_account_key}",
            f"--service-account-signing-key-file={self.base.service_account_key}",
            "--service-cluster-ip-range=10.0.0.0/24",
            "--allow-privileged=true",
            "--authorization-mode=RBAC",
            "--enable-priority-and-fairness=false",
            *self._arguments,
        ]

    def environment(self) -> Mapping[str, str]:
        # Half as much time for collecting garbage as by default; a bed does not run for long.
        return {**super().environment(), "GOGC": "200"}

    async def probe(self) -> bool:
        return await part.http_ok(f"{self.url}/readyz", tls=self.base.admin_tls)
