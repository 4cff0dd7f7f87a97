"""Makes a running API server empty again, by giving its store back what it held when it was new.

A server that starts costs 1.5 s of CPU; this costs a tenth. The API server hears of the changes as
of anybody's, through its watches of etcd. Finalizers, owners and admission are not asked.
"""

import dataclasses
from collections.abc import Mapping

from akoo_testbed import kubeapi, parts, waiting

SECONDS = 10.0
"""For a server to become as it was. It takes a fraction of a second, if it works at all."""

NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
_NAMESPACE = "v1/Namespace"
_WHO = "kube-system"
"""The namespace whose UID says which cluster this is."""


@dataclasses.dataclass(frozen=True, slots=True)
class Fresh:
    """The store of one API server as it was new, and the kinds that the server offered."""

    prefix: str
    contents: Mapping[bytes, bytes]
    groups: frozenset[str]


async def look(api: kubeapi.KubeApi, store: parts.Etcd, prefix: str) -> Fresh:
    """Look at a server that was just started, once it has made all that it makes itself.

    Raises TimeoutError if it does not.
    """

    async def complete() -> bool:
        names = {obj["metadata"]["name"] for obj in await api.list(_NAMESPACE)}
        service = await api.find("v1/Service", "default", "kubernetes")
        return names.issuperset(NAMESPACES) and service is not None

    await waiting.until(complete, title="what an API server makes itself", seconds=SECONDS)
    return Fresh(prefix, await store.contents(prefix), await _groups(api))


async def empty(api: kubeapi.KubeApi, store: parts.Etcd, new: Fresh) -> None:
    """Make the server as it was when it was new, but with another identity.

    Nobody else may be writing to it. Raises TimeoutError, ApiError or an error of the connection;
    the server can then be in any state.
    """

    async def as_new() -> bool:
        put, gone = difference(new, await store.contents(new.prefix))
        await store.change(put, gone)
        return not put and not gone and await _groups(api) == new.groups

    # More than once: while the server hears what is gone it may bring back what belongs to it, such
    # as the APIService of a group of custom resources.
    await waiting.until(as_new, title="an empty API server", seconds=SECONDS)
    await store.change({}, [_who(new.prefix)])
    try:
        await api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": _WHO}})
    except kubeapi.ApiError as error:
        if error.status != 409:  # Else the server itself was faster.
            raise


def difference(
    new: Fresh, now: Mapping[bytes, bytes]
) -> tuple[dict[bytes, bytes], frozenset[bytes]]:
    """The writes and deletions that make ``now`` equal to ``new``. Pure. Objects that the server
    itself keeps writing stay: its lease, the status of its APIServices, and the namespace that
    is its identity."""
    lease = f"{new.prefix}/leases/kube-system/apiserver-".encode()
    api_services = f"{new.prefix}/apiregistration.k8s.io/".encode()

    def own(key: bytes) -> bool:
        return key.startswith(lease) or key == _who(new.prefix)

    put = {
        key: value
        for key, value in new.contents.items()
        if now.get(key) != value
        and not own(key)
        and not (key in now and key.startswith(api_services))
    }
    return put, frozenset(key for key in now if key not in new.contents and not own(key))


async def _groups(api: kubeapi.KubeApi) -> frozenset[str]:
    offered = await api.request("GET", "/apis")
    return frozenset(group["name"] for group in offered["groups"])


def _who(prefix: str) -> bytes:
    return f"{prefix}/namespaces/{_WHO}".encode()
