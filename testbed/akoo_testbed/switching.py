"""Switches of one workload cluster's kubelet and AKO, thrown while it runs."""

from akoo_testbed import bed as beds
from akoo_testbed import kubeapi, waiting
from akoo_testbed.kubelet.options import SWITCH_CONFIG_MAP, SWITCH_NAMESPACE, switched

IN_FORCE_SECONDS = 30.0


async def switch(bed: beds.Bed, namespace: str, name: str, **values: str) -> None:
    """Set switches of a Cluster (`ako_faults="leaves-things"`), no others; they are in force then.

    The names are the fields of `KubeletOptions`. TimeoutError if the kubelet does not follow.
    """
    data = {key.replace("_", "-"): value for key, value in values.items()}
    metadata = {"name": SWITCH_CONFIG_MAP, "namespace": SWITCH_NAMESPACE}
    wanted = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
    server = bed.workloads.server(namespace, name).server
    async with kubeapi.KubeApi(server.kubeconfig) as api:
        await api.apply(wanted)

    async def in_force() -> bool:
        kubelet = bed.provider.kubelet(namespace, name)
        return kubelet is not None and kubelet.options == switched(kubelet.options, wanted)

    title = f"the switches of {namespace}/{name}"
    await waiting.until(in_force, title=title, seconds=IN_FORCE_SECONDS)
