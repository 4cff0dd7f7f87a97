"""The Kubernetes versions of workload clusters, as their API servers said last."""

from __future__ import annotations

from typing import Any, Final

from akoo_core.kube.client import KubeClient

PATH: Final = "/version"
_LONGEST: Final = 64
"""Characters of a version that are kept: whoever answers there chooses the text."""


class KubernetesVersions:
    """By the UID of the Cluster. In memory: a new process reads each of them in its first round."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def of(self, cluster_uid: str) -> str:
        """The version read last; "" for none."""
        return self._known.get(cluster_uid, "")

    async def read(self, client: KubeClient, cluster_uid: str) -> str:
        """The version as it is now. Raises KubeError."""
        self._known[cluster_uid] = version_of(await client.raw(PATH))
        return self._known[cluster_uid]

    def forget(self, cluster_uid: str) -> None:
        """Drop the version of a Cluster that is gone."""
        self._known.pop(cluster_uid, None)


def version_of(answer: Any) -> str:
    """The version in an answer of ``/version``; "" where it has none. Pure.

    A minor such as ``34+`` is a distribution's own, and is kept as ``v1.34+``.
    """
    fields: dict[str, Any] = answer if isinstance(answer, dict) else {}
    major, minor, exact = (str(fields.get(key) or "") for key in ("major", "minor", "gitVersion"))
    return (f"v{major}.{minor}" if minor.endswith("+") else exact)[:_LONGEST]
