"""kube-controller-manager: garbage collection, namespaces, service accounts, workloads."""

from akoo_testbed import certificates, site
from akoo_testbed.parts import apiserver, part

CONTROLLERS = (
    "namespace-controller",
    "garbage-collector-controller",
    "serviceaccount-controller",
    "serviceaccount-token-controller",
    "root-ca-certificate-publisher-controller",
    "statefulset-controller",
    "deployment-controller",
    "replicaset-controller",
)


class ControllerManager(part.Part):
    """The controllers of one API server.

    Start it when all CRDs are Established: the garbage collector sees new ones only at its next
    resync, up to half a minute later.
    """

    def __init__(self, ground: site.Site, server: apiserver.ApiServer) -> None:
        name = server.name.removeprefix("kube-apiserver-")
        super().__init__(ground, f"kube-controller-manager-{name}")
        self._server = server

    def command(self) -> list[str]:
        kubeconfig = self.site.folder / "keys" / f"{self.name}.kubeconfig"
        certificates.write_private(kubeconfig, self._server.kubeconfig)
        return [
            str(self.site.built.binary("kube-controller-manager")),
            f"--kubeconfig={kubeconfig}",
            "--leader-elect=false",
            f"--controllers={','.join(CONTROLLERS)}",
            f"--service-account-private-key-file={self.site.service_account_key}",
            f"--root-ca-file={self.site.ca_file}",
            "--secure-port=0",
        ]

    async def probe(self) -> bool:
        """It serves nothing, so its first effects: without them no Pod can be created."""
        first_effects = ("serviceaccounts/default", "configmaps/kube-root-ca.crt")
        base = f"{self._server.url}/api/v1/namespaces/default"
        answers = [
            await part.http_ok(f"{base}/{path}", tls=self.site.admin_tls) for path in first_effects
        ]
        return all(answers)
