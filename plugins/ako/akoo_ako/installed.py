"""The install of AKO that was read in the workload cluster, as a fact of the record."""

from __future__ import annotations

from typing import ClassVar

from akoo_ako import names
from akoo_core.plugin import api


class AkoInstall(api.Fact, frozen=True, kw_only=True):
    """An install that somebody else made. None is stored for an AKO that akoo-core deployed."""

    fact_name: ClassVar[str] = "AkoInstall"

    namespace: str
    selector: dict[str, str] = {}
    """Labels of its Pods, so that they are found when the StatefulSet is gone."""
    cluster_name: str = ""
    """Its clusterName: the mark of its objects on Avi."""
    kind: str = ""
    """The way it was deployed; see installs.recognise."""
    version: str = ""
    """Its release; "" where its image names none. Known to be adopted only."""
    reason: str = ""
    """The reason why it cannot be adopted; "" where it can, or nobody asked."""
    message: str = ""
    pods: dict[str, int] = {}
    """UIDs of its Pods, each with its restarts. Known to be adopted only."""
    moved: bool = False
    """The config means something else than the install as it was adopted. From then on its objects
    have our shape, but for those fields that never change."""


def namespace_of(view: api.View) -> str:
    """The namespace of AKO in this workload cluster."""
    install = view.fact(AkoInstall)
    return install.namespace if install is not None else names.NAMESPACE


def selector_of(view: api.View) -> dict[str, str]:
    """The labels of the Pods of an install that was read before; {} without one."""
    install = view.fact(AkoInstall)
    return install.selector if install is not None else {}


def version_of(view: api.View) -> str:
    """The release of an install that is adopted; "" without one, or for none that is known."""
    install = view.fact(AkoInstall)
    return install.version if install is not None and view.spec.adoption is not None else ""
