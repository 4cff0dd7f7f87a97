"""The needs of a fake control plane from the test bed: an API server of its own for a Cluster."""

import dataclasses
import typing


@dataclasses.dataclass(frozen=True, slots=True)
class WorkloadApi:
    """The address of one workload cluster's API, and the credential of its administrator."""

    host: str
    """Always 127.0.0.1: the only address in the server's certificate."""

    port: int
    """The Cluster's own listener, given to nobody else while the Cluster lives."""

    kubeconfig: str
    """YAML with the CA and an administrator's client certificate inside; secret."""

    ca_pem: str
    """The CA of the server's certificate."""


class WorkloadApis(typing.Protocol):
    """Gives an API server to each Cluster that asks for one."""

    async def open(self, namespace: str, name: str) -> WorkloadApi:
        """The empty, ready API of this Cluster; the same answer until it is closed.

        Waits while a server starts; raises `PartError` if none does.
        """
        ...

    async def close(self, namespace: str, name: str) -> None:
        """End the Cluster's API: its listener and all connections are cut before this returns.

        Does nothing for a Cluster that has none.
        """
        ...
