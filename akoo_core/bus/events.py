"""From a change to an event for the queues: keys, priority, cause.

::

    bus = events.Bus(management_id, lookups, selection.fits)
    event = bus.event(change)          # in the reflector's on_change
    if event is not None:
        for name in event.records:
            record_queue.add(name, priority=..., causes=(event.cause,))
"""

from __future__ import annotations

from typing import NamedTuple

from akoo_core.bus import causes, mapping, predicate
from akoo_core.cache import store
from akoo_core.kube.resource import (
    AKO_DEPLOYMENT_CONFIGS,
    AKO_DEPLOYMENTS,
    CLUSTERS,
    SECRETS,
    Resource,
)


class Event(NamedTuple):
    """Keys that a change concerns, with its cause."""

    records: tuple[str, ...]
    """Keys for the record controller."""
    configs: tuple[str, ...]
    """Keys for the config controller."""
    cause: causes.Cause
    initial: bool
    """From the first list after start: of lower priority than a change just made."""


class Bus:
    """The mapping of the core's four kinds: Cluster, AKODeploymentConfig, AKODeployment, Secret.

    Changes of other kinds are ignored. The version of a kind does not matter.
    """

    def __init__(
        self, management_id: str, lookups: mapping.ObjectLookups, matches: mapping.Matches
    ) -> None:
        self._management_id = management_id
        self._lookups = lookups
        self._matches = matches

    def event(self, change: store.Change) -> Event | None:
        """The event of a change; None for a change without meaning or without keys."""
        is_meaningful = predicate.meaningful(change)
        records = self._records(change) if is_meaningful else ()
        configs = _configs(change) if is_meaningful else _counting(change)
        if not records and not configs:
            return None
        return Event(records, configs, causes.cause_of(change), change.initial)

    def _records(self, change: store.Change) -> tuple[str, ...]:
        known, lookups = self._management_id, self._lookups
        if _is(change, CLUSTERS):
            return mapping.records_of_cluster(change, lookups, management_id=known)
        if _is(change, AKO_DEPLOYMENTS):
            return mapping.records_of_record(change, lookups, management_id=known)
        if _is(change, SECRETS):
            return mapping.records_of_secret(change, lookups, management_id=known)
        if _is(change, AKO_DEPLOYMENT_CONFIGS):
            return mapping.records_of_config(
                change, lookups, management_id=known, matches=self._matches
            )
        return ()


def _configs(change: store.Change) -> tuple[str, ...]:
    if _is(change, AKO_DEPLOYMENT_CONFIGS):
        return (change.key.name,)
    return mapping.configs_of_record(change) if _is(change, AKO_DEPLOYMENTS) else ()


def _counting(change: store.Change) -> tuple[str, ...]:
    """Configs whose counts change with a record, though no record has to be reconciled."""
    return mapping.configs_that_count(change) if _is(change, AKO_DEPLOYMENTS) else ()


def _is(change: store.Change, kind: Resource) -> bool:
    return (change.resource.group, change.resource.plural) == (kind.group, kind.plural)
