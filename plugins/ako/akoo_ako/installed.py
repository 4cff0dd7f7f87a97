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


def namespace_of(view: api.View) -> str:
    """The namespace of AKO in this workload cluster."""
    install = view.fact(AkoInstall)
    return install.namespace if install is not None else names.NAMESPACE


def selector_of(view: api.View) -> dict[str, str]:
    """The labels of the Pods of an install that was read before; {} without one."""
    install = view.fact(AkoInstall)
    return install.selector if install is not None else {}
