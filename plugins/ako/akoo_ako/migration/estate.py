"""The objects of a management cluster that a switch from the ancestor is about; values only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from akoo_ako.installs import kinds
from akoo_ako.installs.seen import at, items, label, metadata_of, name_of, namespace_of
from akoo_ako.migration import ancestor
from akoo_core.plugin import names, structs


class Estate(structs.Struct, frozen=True, kw_only=True):
    """All of it. Secrets, Services, Machines and ClusterBootstraps have their metadata only."""

    deployments: tuple[structs.JSON, ...] = ()
    packages: tuple[structs.JSON, ...] = ()
    webhooks: tuple[structs.JSON, ...] = ()
    configs: tuple[structs.JSON, ...] = ()
    clusters: tuple[structs.JSON, ...] = ()
    machines: tuple[structs.JSON, ...] = ()
    services: tuple[structs.JSON, ...] = ()
    addons: tuple[structs.JSON, ...] = ()
    """Secrets with the values of the add-on."""
    accounts: tuple[structs.JSON, ...] = ()
    """Secrets with the account of AKO."""
    bootstraps: tuple[structs.JSON, ...] = ()
    infra_settings: tuple[structs.JSON, ...] = ()
    definition: structs.JSON | None = None
    """The definition of configs that is there; read for a switch only."""
    own_definition: structs.JSON | None = None
    """That of akoo-core; for a switch only."""
    operator_pods: tuple[str, ...] = ()
    """Pods of the ancestor that are there; read for a switch only."""
    recorded: dict[str, str] = {}
    """Names of the records that manage a Cluster, by the UID of the Cluster. Those without a
    finalizer were freed by ``akoo-core uninstall --orphan``."""
    refused: dict[str, tuple[str, ...]] = {}
    """Problems of the configs that akoo-core refuses, by name."""
    unreached: dict[str, tuple[str, str]] = {}
    """Reason and sentence of each workload cluster that was not reached, by key."""
    unseen: tuple[str, ...] = ()
    """Sentences on what could not be read, or not in full."""

    @property
    def operates(self) -> bool:
        """The ancestor has replicas. True also where its Deployments were not seen in full."""
        return any(replicas(deployment) > 0 for deployment in self.deployments)


class Marks(structs.Struct, frozen=True, kw_only=True):
    """The marks of the ancestor on one Cluster."""

    key: str
    config: str = ""
    """The config that the label names."""
    finalizer: bool = False
    ours: bool = False
    """It has the finalizer of akoo-core."""
    deleting: bool = False
    management: bool = False
    cleaning: bool = False
    account: str = ""
    """The name of the Secret with AKO's account; "" for none. ``addon`` likewise."""
    addon: str = ""
    bootstrap: bool = False
    hooks: int = 0
    """Machines with the ancestor's hook."""
    conditions: tuple[str, ...] = ()

    @property
    def served(self) -> bool:
        """The ancestor has, or had, AKO in it."""
        return bool(self.config or self.finalizer or self.account or self.addon)

    @property
    def marked(self) -> bool:
        """There is a mark at all, also one that was left behind."""
        return self.served or bool(self.hooks or self.conditions or self.cleaning)


def every_mark(estate: Estate) -> tuple[Marks, ...]:
    """The marks of all Clusters, sorted by key."""
    hooks: dict[str, int] = {}
    for machine in estate.machines:
        if ancestor.HOOK in (metadata_of(machine).get("annotations") or {}):
            owner = f"{namespace_of(machine)}/{label(machine, ancestor.CLUSTER_LABEL)}"
            hooks[owner] = hooks.get(owner, 0) + 1
    accounts, addons, bootstraps = (
        {key_of(obj) for obj in objects}
        for objects in (estate.accounts, estate.addons, estate.bootstraps)
    )
    marks = []
    for cluster in estate.clusters:
        namespace, name = namespace_of(cluster), name_of(cluster)
        account, addon = kinds.ACCOUNT_SECRET.format(name), kinds.ADDON_SECRET.format(name)
        marks.append(
            Marks(
                key=key_of(cluster),
                config=label(cluster, ancestor.CONFIG_LABEL),
                finalizer=has_finalizer(cluster, ancestor.FINALIZER),
                ours=has_finalizer(cluster, names.FINALIZER),
                deleting=is_deleting(cluster),
                management=namespace == names.MANAGEMENT_NAMESPACE,
                cleaning=label(cluster, ancestor.CLEAN_LABEL) == "true",
                account=account if f"{namespace}/{account}" in accounts else "",
                addon=addon if f"{namespace}/{addon}" in addons else "",
                bootstrap=key_of(cluster) in bootstraps,
                hooks=hooks.get(key_of(cluster), 0),
                conditions=_conditions(cluster),
            )
        )
    return tuple(sorted(marks, key=lambda each: each.key))


def key_of(obj: structs.JSON) -> str:
    """``namespace/name``, or the name where there is no namespace."""
    return "/".join(filter(None, (namespace_of(obj), name_of(obj))))


def named(obj: structs.JSON) -> str:
    """Its kind and key, for people."""
    return f"{obj.get('kind')} {key_of(obj)}"


def has_finalizer(obj: structs.JSON, name: str) -> bool:
    """True if it carries that finalizer."""
    return name in (metadata_of(obj).get("finalizers") or ())


def is_deleting(obj: structs.JSON) -> bool:
    """True if it is being deleted."""
    return bool(metadata_of(obj).get("deletionTimestamp"))


def replicas(deployment: structs.JSON) -> int:
    """The replicas it asks for; one where it says nothing."""
    value = at(deployment, "spec.replicas")
    return value if isinstance(value, int) else 1


def variable(cluster: structs.JSON, name: str) -> Any:
    """The value of a variable of its topology; None where there is none."""
    for entry in items(cluster, "spec.topology.variables"):
        if entry.get("name") == name:
            return entry.get("value")
    return None


def environment(deployment: structs.JSON) -> Iterator[tuple[str, str]]:
    """The literal variables of its containers."""
    for container in items(deployment, "spec.template.spec.containers"):
        for entry in container.get("env") or ():
            if isinstance(entry, dict):
                yield str(entry.get("name") or ""), str(entry.get("value") or "")


def _conditions(cluster: structs.JSON) -> tuple[str, ...]:
    """The conditions of the ancestor, which v1beta2 shows among the old ones."""
    listed = {
        str(condition.get("type"))
        for path in ("status.conditions", "status.deprecated.v1beta1.conditions")
        for condition in items(cluster, path)
    }
    return tuple(name for name in ancestor.CONDITIONS if name in listed)
