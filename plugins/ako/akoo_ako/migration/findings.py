"""Objects with the ancestor's marks, and their change by each step of a switch; pure.

The steps, in their order: ``stop`` the ancestor, ``definitions`` of configs replaced,
``finalizers`` exchanged, AKO's ``account``, its ``workload`` cluster, and the AKO of the
``management`` cluster.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from akoo_ako.installs.seen import at, label, name_of, namespace_of
from akoo_ako.migration import ancestor
from akoo_ako.migration.estate import (
    Estate,
    Marks,
    has_finalizer,
    is_deleting,
    named,
    replicas,
)
from akoo_core.plugin import names, structs

KAPP_LABEL = "kapp.k14s.io/app"


class StepChange(structs.Struct, frozen=True, kw_only=True):
    """A change that a step of a switch would make."""

    step: str
    change: str


class Finding(structs.Struct, frozen=True, kw_only=True):
    """One object with the ancestor's marks."""

    object: str
    marks: tuple[str, ...] = ()
    changes: tuple[StepChange, ...] = ()


_EXCHANGE = StepChange(
    step="finalizers",
    change=f"finalizer {names.FINALIZER} on, {ancestor.FINALIZER} off, in one patch",
)


_STANDS = StepChange(
    step="finalizers",
    change="none while it is being deleted: the ancestor has to finish it, or, once stopped, "
    "akoo-core does",
)


def of_operator(estate: Estate) -> Iterator[Finding]:
    """The ancestor itself."""
    for deployment in estate.deployments:
        wanted = replicas(deployment)
        marks = [f"{_count(wanted, 'replica')} wanted"]
        if deployed := label(deployment, KAPP_LABEL):
            marks.append(f"deployed by kapp ({KAPP_LABEL}={deployed})")
        yield _finding(deployment, marks, [("stop", "to 0 replicas")] if wanted else [])
    for package in estate.packages:
        paused = at(package, "spec.paused") is True
        yield _finding(
            package, ["paused"] if paused else [], [] if paused else [("stop", "paused")]
        )
    for webhook in estate.webhooks:
        yield _finding(
            webhook,
            ["refuses every write of a config while no server answers"],
            [("stop", "stored, then deleted")],
        )


def of_configs(estate: Estate, marks: Sequence[Marks]) -> Iterator[Finding]:
    """The configs, also those without a mark: they stay as they are."""
    settings = {name_of(obj) for obj in estate.infra_settings}
    for config in sorted(estate.configs, key=name_of):
        name = name_of(config)
        serves = [each.key for each in marks if each.config == name]
        listed: list[str] = [
            f"label {ancestor.CONFIG_LABEL} of {_count(len(serves), 'Cluster')} names it"
        ]
        changes: list[tuple[str, str]] = [("definitions", "kept, with akoo-core's definition")]
        if has_finalizer(config, ancestor.FINALIZER):
            listed.append(f"finalizer {ancestor.FINALIZER}")
            exchange = _STANDS if is_deleting(config) else _EXCHANGE
            changes.append((exchange.step, exchange.change))
        if is_deleting(config):
            listed.append("is being deleted")
        setting = ancestor.infra_setting(name)
        if setting in settings:
            listed.append(f"AviInfraSetting {setting}")
            changes.append(("management", f"AviInfraSetting {setting} managed by akoo-core"))
        yield _finding(config, listed, changes)


def of_clusters(estate: Estate, marks: Sequence[Marks]) -> Iterator[Finding]:
    """The Clusters that carry a mark."""
    configs = {name_of(config) for config in estate.configs}
    for each in marks:
        if each.marked:
            yield Finding(
                object=f"Cluster {each.key}",
                marks=tuple(_seen(each, configs, estate)),
                changes=tuple(StepChange(step=step, change=text) for step, text in _changes(each)),
            )


def _seen(each: Marks, configs: set[str], estate: Estate) -> Iterator[str]:
    if each.config:
        missing = "" if each.config in configs else ", which does not exist"
        yield f"label {ancestor.CONFIG_LABEL} names AKODeploymentConfig {each.config}{missing}"
    if each.finalizer:
        yield f"finalizer {ancestor.FINALIZER}"
    if each.deleting:
        yield "is being deleted"
    if each.account:
        yield f"Secret {each.account} has the account of its AKO"
    if each.addon:
        yield f"Secret {each.addon} has the values of its AKO"
    if each.bootstrap:
        yield "a ClusterBootstrap of its name"
    if each.hooks:
        yield f"hook {ancestor.HOOK} on {_count(each.hooks, 'Machine')}"
    if each.conditions:
        yield f"conditions {', '.join(each.conditions)}"
    if each.key in estate.unreached:
        yield f"not reached: {estate.unreached[each.key][1]}"


def _changes(each: Marks) -> Iterator[tuple[str, str]]:
    if each.deleting:
        if each.finalizer:
            yield _STANDS.step, _STANDS.change
        return
    if each.finalizer:
        yield _EXCHANGE.step, _EXCHANGE.change
    if each.hooks:
        yield "finalizers", f"hook off {_count(each.hooks, 'Machine')}"
    if each.conditions:
        yield "finalizers", f"conditions {', '.join(each.conditions)} removed"
    if each.account:
        yield "account", f"Secret {each.account} stays the source of the account"
    if each.served:
        name = ancestor.cluster_name(*each.key.split("/", 1))
        step = "management" if each.management else "workload"
        yield step, f"AKO adopted with clusterName {name}"
    if each.addon:
        yield "workload", f"Secret {each.addon} stays, and nothing reads it"


def _finding(
    obj: structs.JSON, marks: Sequence[str], changes: Sequence[tuple[str, str]]
) -> Finding:
    return Finding(
        object=named(obj),
        marks=tuple(marks),
        changes=tuple(StepChange(step=step, change=text) for step, text in changes),
    )


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def left_over(estate: Estate) -> Iterator[str]:
    """Sentences on Secrets and Machines of the ancestor whose Cluster is not there."""
    keys = {(namespace_of(obj), name_of(obj)) for obj in estate.clusters}
    for secrets, suffix in (
        (estate.accounts, "-avi-credentials"),
        (estate.addons, "-load-balancer-and-ingress-service-addon"),
    ):
        for secret in secrets:
            name = name_of(secret)
            if (namespace_of(secret), name.removesuffix(suffix)) not in keys:
                yield f"{named(secret)} belongs to no Cluster"
