"""kube-controller-manager: garbage collection, namespaces, service accounts, workloads."""

from akoo_testbed import base
from akoo_testbed.parts import apiserver, part
from akoo_testbed.trust import certificates

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
    """The controllers of one API server, in its release.

    Start it when all CRDs are Established: the garbage collector sees new ones only at its next
    resync, up to half a minute later.
    """

    def __init__(self, bed_base: base.BedBase, server: apiserver.ApiServer) -> None:
        name = server.name.removeprefix("kube-apiserver-")
        super().__init__(bed_base, f"kube-controller-manager-{name}")
        self._server = server

    def command(self) -> list[str]:
        kubeconfig = self.base.folder / "keys" / f"{self.name}.kubeconfig"
        certificates.write_private(kubeconfig, self._server.kubeconfig)
        return [
            str(self.base.built.binary("kube-controller-manager", self._server.recipe)),
            f"--kubeconfig={kubeconfig}",
            "--leader-elect=false",
            f"--controllers={','.join(CONTROLLERS)}",
            f"--service-account-private-key-file={self.base.service_account_key}",
            f"--root-ca-file={self.base.ca_file}",
            "--secure-port=0",
        ]

    async def probe(self) -> bool:
        """It serves nothing, so its first effects: without them no Pod can be created."""
        first_effects = ("serviceaccounts/default", "configmaps/kube-root-ca.crt")
        default_namespace = f"{self._server.url}/api/v1/namespaces/default"
        answers = [
            await part.http_ok(f"{default_namespace}/{path}", tls=self.base.admin_tls)
            for path in first_effects
        ]
        return all(answers)
