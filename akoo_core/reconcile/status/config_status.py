"""The status of an AKODeploymentConfig: its usability, and the number of clusters it serves.

It has counts only: lists of clusters would grow with the fleet. Pure.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import NamedTuple

from akoo_core import errors, structs
from akoo_core.objects import conditions, config
from akoo_core.objects.record import Record
from akoo_core.plugin import api
from akoo_core.plugin_host import context
from akoo_core.reconcile.decide import selection, two_operators


class ServedCounts(NamedTuple):
    """Number of records that live by one config, and number of those that are Ready."""

    clusters: int
    ready: int


def needs(record: Record, config_uid: str) -> bool:
    """True while the record lives by this config."""
    return config_needed(structs.to_object(record.spec)) == config_uid


def config_needed(spec: structs.JSON) -> str:
    """The UID of the config that a record with this ``spec`` lives by, or "".

    A record lives by its config until it is orphaned, let go or finished. Reads the plain object,
    since it is called for every change of every record.
    """
    gone = (spec.get("leaving") or {}).get("letGo")
    if gone or spec.get("orphaned") or spec.get("finishedAt"):
        return ""
    uid: str = (spec.get("configRef") or {}).get("uid", "")
    return uid


def problem(obj: structs.JSON) -> str:
    """Reason why the config is unusable, or ""."""
    read = selection.read(obj)
    return read.problem if isinstance(read, selection.Unreadable) else selection.problem(read)


def section_problem(obj: structs.JSON, plugins: Iterable[api.Plugin]) -> str:
    """Error in the section ``spec.plugins.<name>`` of a loaded plugin, or "".

    Records get the same text for the same fault.
    """
    for plugin in plugins:
        try:
            context.decode_config(plugin, obj)
        except structs.DecodeError as error:
            return str(error)
    return ""


def sections_without_plugin(obj: structs.JSON, plugins: Iterable[api.Plugin]) -> str:
    """Sentence on the sections of ``spec.plugins`` that no loaded plugin reads, or ""."""
    loaded = {plugin.name for plugin in plugins}
    sections = (obj.get("spec") or {}).get("plugins") or {}
    unknown = sorted(name for name in sections if name not in loaded and sections[name])
    if not unknown:
        return ""
    names = ", ".join(f"spec.plugins.{name}" for name in unknown)
    return (
        f"{names}: no such plugin is loaded (loaded: {', '.join(sorted(loaded)) or 'none'})."
        f"{errors.near(unknown[0], loaded)}"
    )


def status_of(
    obj: structs.JSON,
    served: ServedCounts,
    *,
    now: datetime.datetime,
    plugins: Iterable[api.Plugin] = (),
) -> config.ConfigStatus:
    """The status of config ``obj``. It is no problem of a config that others win."""
    generation = obj["metadata"].get("generation", 0)
    ready = _ready(obj, served, tuple(plugins))
    wanted = structs.replace(ready, observed_generation=generation)
    before = _ready_condition(obj)
    return config.ConfigStatus(
        observed_generation=generation,
        clusters=served.clusters,
        ready=served.ready,
        conditions=conditions.merge((before,) if before else (), (wanted,), now=now),
    )


def differs(obj: structs.JSON, wanted: config.ConfigStatus) -> bool:
    """True if ``obj`` does not have status ``wanted`` yet; fields of other writers do not count."""
    plain = structs.to_object(wanted)
    status = obj.get("status") or {}
    if any(status.get(name) != plain[name] for name in ("observedGeneration", "clusters", "ready")):
        return True
    return _ready_condition(obj) != wanted.conditions[0]


def _ready(
    obj: structs.JSON, served: ServedCounts, plugins: tuple[api.Plugin, ...]
) -> conditions.Condition:
    wrong = problem(obj)
    if wrong:
        message = f"{wrong}. Correct it; clusters that are served by it keep AKO as it is."
        return conditions.Condition(
            type="Ready", status="False", reason="ConfigInvalid", message=message
        )
    if wrong := section_problem(obj, plugins):
        return conditions.Condition(
            type="Ready", status="False", reason="ConfigInvalid", message=wrong
        )
    if two_operators.carries(obj):
        message = two_operators.message("It")
        return conditions.Condition(
            type="Ready", status="False", reason="TwoOperators", message=message
        )
    if "deletionTimestamp" in obj["metadata"]:
        message = f"It goes when it serves no cluster any more; now it serves {served.clusters}."
        return conditions.Condition(
            type="Ready", status="False", reason="ConfigDeleting", message=message
        )
    if wrong := sections_without_plugin(obj, plugins):
        message = f"{wrong} Clusters are served without it. Start akoo-core with it, or remove it."
        return conditions.Condition(
            type="Ready", status="False", reason="PluginMissing", message=message
        )
    if refused := _refused(obj, plugins):
        message = f"{refused.type}: {refused.message}"
        return conditions.Condition(
            type="Ready", status="False", reason=refused.reason, message=message
        )
    return conditions.Condition(
        type="Ready", status="True", reason="Usable", message=unchecked(plugins)
    )


def _refused(obj: structs.JSON, plugins: tuple[api.Plugin, ...]) -> conditions.Condition | None:
    """The condition of a loaded plugin that refuses the config: it makes the config unusable."""
    types = {conditions.type_for_plugin(plugin.name) for plugin in plugins}
    for entry in (obj.get("status") or {}).get("conditions") or ():
        if entry.get("type") in types and entry.get("status") == "False":
            try:
                return structs.convert(entry, conditions.Condition)
            except structs.DecodeError:
                continue
    return None


def unchecked(plugins: Iterable[api.Plugin]) -> str:
    """Sentence on a placement that a loaded plugin uses and none checks beforehand, or ""."""
    loaded = tuple(plugins)
    provided = {fact.fact_name for plugin in loaded for fact in plugin.provides}
    placement = api.LoadBalancerPlacement.fact_name
    users = [
        plugin.name for plugin in loaded if placement in {fact.fact_name for fact in plugin.accepts}
    ]
    if not users or placement in provided:
        return ""
    return (
        "Nobody checked its names on the Avi Controller: no loaded plugin provides "
        f"{placement}, and {users[0]} passes them on unchecked. Load plugin avi to check it."
    )


def _ready_condition(obj: structs.JSON) -> conditions.Condition | None:
    """Our condition as stored; None also for a condition that the former operator left."""
    for condition in (obj.get("status") or {}).get("conditions") or ():
        if condition.get("type") == "Ready":
            try:
                return structs.convert(condition, conditions.Condition)
            except structs.DecodeError:
                return None
    return None
