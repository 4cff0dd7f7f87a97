"""The former owner of an adopted AKO: the objects by which it writes, and their state; pure.

Helm finds a release by the label ``owner`` of the Secrets in which it keeps that; with
HELM_DRIVER=configmap, of ConfigMaps with the same names and labels. kapp-controller writes the
objects of a PackageInstall again every ten minutes, unless that is paused. That is the topmost
object of its chain which can be paused for AKO alone: a ClusterBootstrap above it carries every
package of the cluster, and an upgrade of the Cluster waits for it. Its controller writes version
and values of the PackageInstall, and leaves ``spec.paused``.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar, Final, Literal

from akoo_ako.installs import helm
from akoo_ako.installs.owner import HELM, HELM_LABEL, Owner
from akoo_ako.installs.recognise import Install
from akoo_ako.installs.seen import Seen, at, label, metadata_of, name_of, namespace_of
from akoo_core.plugin import api, structs
from akoo_core.plugin import names as core_names

OWNER_LABEL: Final = HELM_LABEL
HELM_OWNER: Final = "helm"
"""The value of the label."""

TWO_INTERVALS: Final = datetime.timedelta(minutes=20)
"""kapp-controller writes every ten minutes: by then it has written what it was about to write."""
_PROGRAMS: Final = {
    "Secret": ("helm",),
    "ConfigMap": ("helm",),
    "PackageInstall": ("kapp", "kapp-controller"),
}
"""The field managers of an owner. An adoption takes their fields away."""

FormerKind = Literal["Secret", "ConfigMap", "PackageInstall"]
_STORES: Final[dict[str, FormerKind]] = {"Secret": "Secret", "ConfigMap": "ConfigMap"}
Paused = Literal["absent", "false"]
HandBack = Literal["", "Objects", "Marks", "Done"]
"""Steps: the objects get the shape that was found; our marks come off; it is given back."""


class FormerObject(structs.Struct, frozen=True, kw_only=True):
    """One object that is changed, so that the former owner writes nothing any more."""

    kind: FormerKind
    namespace: str
    name: str
    uid: str
    paused: Paused = "absent"
    """``spec.paused`` of a PackageInstall before it was changed."""

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


class AkoFormerOwner(api.Fact, frozen=True, kw_only=True):
    """The former owner. It is stored before anything of it is changed."""

    fact_name: ClassVar[str] = "AkoFormerOwner"

    owner: str = ""
    """``Helm release balancers/ako``; "" for an install that nobody owns."""
    above: str = ""
    """The object above it, which is left as it is (``ClusterBootstrap demo/shop``); "" for none."""
    objects: tuple[FormerObject, ...] = ()
    harmless_at: datetime.datetime | None = None
    """The time at which all objects were changed; None before that, and without any."""
    forbidden: str = ""
    """The object that the operator may not change, in words; "" for none."""
    hand_back: HandBack = ""
    """The step in which it is given back."""
    account_written_at: datetime.datetime | None = None
    """The last write of Secret avi-secret by us after the adoption, where it is given back; None
    for none."""
    active: str = ""
    """The change that the former owner made since, in words; "" for none."""
    manager: str = ""
    """The field manager that made the StatefulSet; "" where none is known."""
    applies: bool = False
    """It made it by server-side apply, as Helm 4 does."""

    @property
    def harmless(self) -> bool:
        """There is nothing to change, or it is changed."""
        return not self.objects or self.harmless_at is not None


def of(install: Install, objects: Seen, before: AkoFormerOwner | None) -> AkoFormerOwner:
    """The former owner of an install that can be adopted. Objects that were stored before stay
    part of it: by now they may look like objects of nobody."""
    active = {each.uid: each for each in _active(install, objects)}
    stored = {each.uid: each for each in before.objects} if before is not None else {}
    merged = active | stored
    chain = _chain(install)
    named = [owner for owner in chain if owner.kind in (HELM, "PackageInstall")]
    higher = chain[chain.index(named[-1]) + 1 :] if named else ()
    owner = before.owner if before is not None else ""
    above = before.above if before is not None else ""
    harmless_at = before.harmless_at if before is not None else None
    maker = (before.manager, before.applies) if before is not None and before.manager else None
    manager, applies = maker or _maker(install.stateful_set)
    return AkoFormerOwner(
        owner=owner or (str(named[-1]) if named else ""),
        above=above or (str(higher[-1]) if higher else ""),
        objects=tuple(sorted(merged.values(), key=str)),
        harmless_at=None if active else harmless_at,
        forbidden=before.forbidden if before is not None else "",
        hand_back=before.hand_back if before is not None else "",
        manager=manager,
        applies=applies,
    )


def _maker(stateful_set: structs.JSON) -> tuple[str, bool]:
    """The field manager that made an object, and whether by server-side apply: the one that owns
    the selector, which nobody can change later."""
    makers = [
        (str(entry.get("manager") or ""), entry.get("operation") == "Apply")
        for entry in metadata_of(stateful_set).get("managedFields") or ()
        if "f:selector" in ((entry.get("fieldsV1") or {}).get("f:spec") or {})
        and not entry.get("subresource")
        and entry.get("manager") != core_names.MANAGED_BY
    ]
    return max(makers, key=lambda maker: maker[1], default=("", False))


def _chain(install: Install) -> tuple[Owner, ...]:
    """The owners of the StatefulSet. Other objects, such as a class, may be parts of another
    release, which is not the install's owner."""
    mine = (obj for obj in install.objects if obj.kind == "StatefulSet")
    return next((obj.owners for obj in mine), ())


def _active(install: Install, objects: Seen) -> Iterator[FormerObject]:
    """The objects by which an owner of the install writes now."""
    above = {(owner.kind, owner.namespace, owner.name) for owner in _chain(install)}
    for revision in helm.revisions(objects):
        release = (HELM, namespace_of(revision), label(revision, "name"))
        if release in above and is_release(revision, release[2]):
            yield _object(_STORES[revision["kind"]], revision)
    for package in objects.workload_of("PackageInstall"):
        mine = ("PackageInstall", namespace_of(package), name_of(package))
        paused = at(package, "spec.paused")
        if mine in above and paused is not True:
            yield structs.replace(
                _object("PackageInstall", package), paused="absent" if paused is None else "false"
            )


def is_release(revision: structs.JSON, release: str) -> bool:
    """The Secret or ConfigMap is a revision of a release that Helm finds."""
    own = name_of(revision).startswith(f"sh.helm.release.v1.{release}.v")
    return own and label(revision, OWNER_LABEL) == HELM_OWNER


def _object(kind: FormerKind, obj: structs.JSON) -> FormerObject:
    uid = str(metadata_of(obj).get("uid") or "")
    return FormerObject(kind=kind, namespace=namespace_of(obj), name=name_of(obj), uid=uid)


# Patches.


def harmless(former: FormerObject, live: structs.JSON) -> list[structs.JSON]:
    """The JSON patch that makes an object harmless; [] where it is, or is another one."""
    if metadata_of(live).get("uid") != former.uid:
        return []
    change: list[structs.JSON]
    if former.kind in _STORES:
        if label(live, OWNER_LABEL) != HELM_OWNER:
            return []
        path = f"/metadata/labels/{OWNER_LABEL}"
        change = [_test(path, HELM_OWNER), {"op": "remove", "path": path}]
    elif at(live, "spec.paused") is True:
        return []
    else:
        change = [{"op": "add", "path": "/spec/paused", "value": True}]
    return [*_same(live), *change]


def restored(former: FormerObject, live: structs.JSON) -> list[structs.JSON]:
    """The JSON patch that gives an object back as it was; [] where it is so, or is another one."""
    if metadata_of(live).get("uid") != former.uid:
        return []
    change: list[structs.JSON]
    if former.kind in _STORES:
        if label(live, OWNER_LABEL):
            return []
        change = [{"op": "add", "path": f"/metadata/labels/{OWNER_LABEL}", "value": HELM_OWNER}]
    elif at(live, "spec.paused") is not True:
        return []
    elif former.paused == "absent":
        change = [{"op": "remove", "path": "/spec/paused"}]
    else:
        change = [{"op": "replace", "path": "/spec/paused", "value": False}]
    return [*_same(live), *change]


def _same(live: structs.JSON) -> list[structs.JSON]:
    """The tests that nobody has changed the object since it was read."""
    metadata = metadata_of(live)
    return [_test(f"/metadata/{key}", metadata[key]) for key in ("uid", "resourceVersion")]


def _test(path: str, value: object) -> structs.JSON:
    return {"op": "test", "path": path, "value": value}


# The look whether it is still so.


def reverted(
    former: AkoFormerOwner,
    live: Mapping[str, structs.JSON],
    revisions: Iterable[structs.JSON],
    own: Iterable[structs.JSON],
    now: datetime.datetime,
) -> str:
    """The change by which the former owner is active again, in words; "" for none.

    ``live``: PackageInstalls by UID. ``revisions``: Secrets and ConfigMaps of Helm. ``own``:
    objects of AKO that are marked as ours. What a program wrote counts for two of its intervals:
    after that it is taken back.
    """
    wanted = releases(former)
    for revision in revisions:
        kind, namespace, release = revision["kind"], namespace_of(revision), label(revision, "name")
        if (kind, namespace, release) in wanted and is_release(revision, release):
            return (
                f"Helm finds release {namespace}/{release} again (label {OWNER_LABEL} of {kind} "
                f"{namespace}/{name_of(revision)})"
            )
    for each in former.objects:
        there = live.get(each.uid)
        if each.kind == "PackageInstall" and there and at(there, "spec.paused") is not True:
            return f"{each} is not paused any more"
    programs = {program for each in former.objects for program in _PROGRAMS[each.kind]}
    for obj in own:
        for entry in metadata_of(obj).get("managedFields") or ():
            manager = str(entry.get("manager") or "")
            if manager not in programs or entry.get("subresource"):
                continue
            if _recent(entry.get("time"), now):
                return f"{manager} wrote {obj['kind']} {namespace_of(obj)}/{name_of(obj)} again"
    return ""


def _recent(time: str | None, now: datetime.datetime) -> bool:
    """A write at that time may be of the last two intervals; so may a write without a time."""
    return time is None or now - structs.convert(time, datetime.datetime) < TWO_INTERVALS


def releases(former: AkoFormerOwner) -> set[tuple[FormerKind, str, str]]:
    """The releases of Helm: the kind in which it keeps them, namespaces and names."""
    kept = set()
    for each in former.objects:
        if each.kind in _STORES:
            release, _, _ = each.name.removeprefix("sh.helm.release.v1.").rpartition(".v")
            kept.add((each.kind, each.namespace, release))
    return kept


def detach(former: AkoFormerOwner) -> str:
    """The commands by which a person makes it harmless again."""
    of_helm = (
        f"kubectl -n {namespace} label {kind.lower()} -l {OWNER_LABEL}={HELM_OWNER},name={release} "
        f"{OWNER_LABEL}-"
        for kind, namespace, release in sorted(releases(former))
    )
    of_packages = (
        f"kubectl -n {each.namespace} patch packageinstall {each.name} --type merge "
        '-p \'{"spec":{"paused":true}}\''
        for each in former.objects
        if each.kind == "PackageInstall"
    )
    return "; ".join([*of_helm, *of_packages])


def program(former: AkoFormerOwner) -> str:
    """The field manager of the former owner. Older records do not name it."""
    if former.manager:
        return former.manager
    kinds = {each.kind for each in former.objects}
    return "kapp" if "PackageInstall" in kinds else "helm" if kinds else "kubectl"


def adopted_name(view: api.View, former: AkoFormerOwner | None, at_once: int) -> api.AdoptedName:
    """The fact for the core."""
    step = former.hand_back if former is not None else ""
    return api.AdoptedName(
        cluster_name=view.spec.ako_cluster_name,
        at_once=at_once,
        contested=former is not None and bool(former.active or step in ("Marks", "Done")),
        given_back=step == "Done",
        kept=_kept(former) if former is not None and step == "Done" else "",
    )


def _kept(former: AkoFormerOwner) -> str:
    """The part that is not given back: no record holds the account that AKO had."""
    if former.account_written_at is None:
        return ""
    return (
        "the account in Secret avi-secret, which akoo-core has written at "
        f"{former.account_written_at:%Y-%m-%dT%H:%M:%SZ} and with which AKO works now; before its "
        "former owner writes that Secret again, see that the account of the former owner still "
        "works on the Avi Controller"
    )


def active(view: api.View) -> api.Wait | None:
    """The Wait of an adopted AKO whose former owner is active; None for any other."""
    former = view.fact(AkoFormerOwner)
    return waiting(former) if former is not None and former.active else None


def waiting(former: AkoFormerOwner) -> api.Wait:
    """The Wait of an adopted AKO whose former owner is active."""
    return api.Wait(
        reason="FormerOwnerActive",
        message=(
            f"{former.owner} owned this AKO before it was adopted, and is active again: "
            f"{former.active}. Two would write the same objects, so akoo-core writes none of them. "
            f"Detach it: {detach(former)}."
            + (
                f" {former.above} is above it: see that it does not do that."
                if former.above
                else ""
            )
        ),
        after=60.0,
        expected_seconds=0.0,
    )


def awaited(view: api.View) -> api.Wait | None:
    """The Wait until the former owner is harmless; None once it is."""
    former = view.fact(AkoFormerOwner)
    if former is not None and former.harmless:
        return None
    owner = (former.owner if former is not None else "") or "The former owner"
    if former is not None and former.forbidden:
        return api.Wait(
            reason="FormerOwnerForbidden",
            message=f"The operator may not change {former.forbidden}, by which {owner} writes "
            f"AKO's objects. Do it: {detach(former)}.",
            after=60.0,
            expected_seconds=0.0,
        )
    return api.Wait(
        reason="FormerOwnerAwaited",
        message=f"{owner} is made harmless before the first object is written.",
        after=30.0,
    )
