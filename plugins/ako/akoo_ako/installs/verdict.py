"""The answer whether an install can be adopted, and what stands in the way; pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from akoo_ako import names
from akoo_ako.installs import kinds
from akoo_ako.installs.owner import HELM, KAPP, Owner
from akoo_ako.installs.recognise import Install
from akoo_ako.installs.seen import Seen, label, name_of
from akoo_core.plugin import structs

INSTALL_LABEL: Final = "ako.kubernetes.vmware.com/install"
"""On a Cluster: AKO's vendor deploys AKO there (ako-infra/webhook of AKO)."""
VENDOR_MANAGER: Final = "ako-infra"
_CLUSTER_NAME: Final = re.compile(r"[a-zA-Z0-9_-]+")
_HARMLESS: Final = frozenset({HELM, KAPP, "App", "PackageInstall", "ClusterBootstrap", "Secret"})
"""Owners that nobody reconciles, and those of packages, which their kind decides."""
_REMOTE: Final = frozenset({"App", "PackageInstall"})
_CARRIERS: Final = frozenset(
    {"Kustomization", "Application", "HelmRelease", "BundleDeployment", HELM}
)
"""Kinds that carry other things, too, when they are above the owner of an AKO."""
_SHARED: Final = ("CustomResourceDefinition",)
"""Kinds that others may own: definitions are used as they are."""


class Verdict(structs.Struct, frozen=True, kw_only=True):
    """``adoptable``, or the reason against it."""

    adoptable: bool = False
    reason: str = ""
    message: str = ""
    detach: str = ""
    """The object to detach first; "" for none."""


def judge(install: Install, others: Sequence[Install], objects: Seen) -> Verdict:
    """The verdict on an install. ``others``: every AKO of the cluster but this one."""
    return next(_obstacles(install, others, objects), Verdict(adoptable=True))


def _obstacles(install: Install, others: Sequence[Install], objects: Seen) -> Iterator[Verdict]:
    if install.kind == "AkooCore":
        yield Verdict(reason="AlreadyOurs", message="akoo-core deployed it.")
    if not install.stateful_set:
        yield Verdict(
            reason="NothingToAdopt",
            message=f"There is no StatefulSet {install.namespace}/{names.STATEFUL_SET}: only "
            "objects that an AKO left.",
        )
    if others:
        listed = ", ".join(sorted(f"{each.namespace}/{names.STATEFUL_SET}" for each in others))
        yield Verdict(
            reason="SecondAko",
            message=f"The cluster has another AKO: {listed}. Both write to Avi, and a config "
            "describes one. Remove one of them.",
            detach=f"StatefulSet {min(others, key=_namespace).namespace}/{names.STATEFUL_SET}",
        )
    yield from _of_vendor(objects)
    yield from _of_owners(install, objects)
    if objects.unseen:
        yield Verdict(
            reason="OwnersUnseen",
            message="Not every possible owner was looked at: " + "; ".join(objects.unseen) + ".",
        )
    if not _CLUSTER_NAME.fullmatch(install.cluster_name):
        yield Verdict(
            reason="ClusterNameInvalid",
            message=f"Its clusterName is {install.cluster_name!r}, so that its objects on Avi "
            "cannot be told from others.",
        )
    if install.data.get(names.DELETE_CONFIG) == "true":
        yield Verdict(
            reason="DeleteConfigSet",
            message="It is told to delete its Avi objects (key deleteConfig of its ConfigMap). "
            "Set it to false first.",
        )


def _namespace(install: Install) -> str:
    return install.namespace


def _of_vendor(objects: Seen) -> Iterator[Verdict]:
    if INSTALL_LABEL in objects.labels:
        yield Verdict(
            reason="ManagedByVendor",
            message=f"The Cluster has the label {INSTALL_LABEL}, by which AKO's vendor deploys and "
            "removes AKO. Take the label off first.",
            detach=f"label {INSTALL_LABEL} of Cluster {objects.namespace}/{objects.name}",
        )
    for secret in objects.management_of("Secret"):
        mine = name_of(secret) == kinds.VENDOR_SECRET.format(objects.name)
        if mine and label(secret, "managed-by") == VENDOR_MANAGER:
            yield Verdict(
                reason="ManagedByVendor",
                message=f"AKO's vendor ({VENDOR_MANAGER}) manages the account of this cluster. "
                "Wait until it has removed its Secret.",
                detach=f"Secret {objects.namespace}/{name_of(secret)}",
            )


def _of_owners(install: Install, objects: Seen) -> Iterator[Verdict]:
    if install.kind == "AKOConfig":
        for config in objects.workload_of("AKOConfig"):
            owner = Owner(kind="AKOConfig", name=name_of(config), where="workload")
            yield _managed((owner,), "the operator of AKO's vendor for OpenShift")
    package = install.owner
    if install.kind == "Package" and package is not None and package.where != "management":
        yield _managed((package,), "a package that is not known here")
    for obj in install.objects:
        chain = obj.owners if obj.kind not in _SHARED else ()
        writing = next((place for place, each in enumerate(chain) if not _harmless(each)), None)
        if writing is not None:
            yield _managed(chain[writing:], f"it deploys {obj}")


def _harmless(owner: Owner) -> bool:
    """It can be made harmless, if the package is known. A kapp-controller in the management cluster
    serves many clusters, and the operator changes nothing of it."""
    remote = owner.where == "management" and owner.kind in _REMOTE
    return owner.kind in _HARMLESS and not remote


def _managed(chain: Sequence[Owner], why: str) -> Verdict:
    """``chain``: from an owner that writes to the top. The object to detach is the highest that
    was made for AKO alone."""
    highest = 0
    while chain[highest + 1 :] and chain[highest + 1].kind not in _CARRIERS:
        highest += 1
    owner, above = chain[highest], chain[highest + 1 :]
    message = (
        f"{owner} writes AKO's objects again ({why}). Detach it first, so that it leaves the "
        "objects in place."
    )
    if owner.kind in _REMOTE and owner.where == "management":
        message += " Set its spec.noopDelete to true, and delete it."
    if above:
        message += f" {above[0]} deploys it: take it out there first."
    return Verdict(reason="ManagedByOther", message=message, detach=str(owner))
