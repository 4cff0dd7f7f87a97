"""Checks of the parts of AKO's Pod that values of the chart add. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from akoo_ako import config, names
from akoo_ako.chart.values import PATH
from akoo_ako.refusals.refusal import invalid
from akoo_core.plugin import ako_values

MOST_CONTAINERS: Final = 8
OURS: Final = frozenset({names.CONTAINER, names.GATEWAY_CONTAINER})


def check(log: config.Log, pod: Mapping[str, Any]) -> None:
    """Raise Refusal for a claim or a container that the API server would not take."""
    spec = pod.get("persistentVolumeClaimSpec")
    if spec is not None:
        _check_claim(log, spec)
    _check_containers(pod.get("extraContainers", []))


def _check_claim(log: config.Log, spec: dict[str, Any]) -> None:
    where = f"{PATH}.persistentVolumeClaimSpec"
    if log.persistent_volume_claim:
        raise invalid(where, "excludes persistentVolumeClaim: both are the volume of the log.")
    if not isinstance(ako_values.at(spec, "resources.requests.storage"), str):
        raise invalid(f"{where}.resources.requests.storage", "is not there. Set it, such as 1Gi.")
    modes = spec.get("accessModes")
    if not isinstance(modes, list) or not modes:
        raise invalid(f"{where}.accessModes", "is not there. Set it, such as [ReadWriteOnce].")


def _check_containers(containers: list[dict[str, Any]]) -> None:
    where = f"{PATH}.extraContainers"
    if len(containers) > MOST_CONTAINERS:
        raise invalid(where, f"has more than {MOST_CONTAINERS} entries.")
    seen: set[str] = set(OURS)
    for number, container in enumerate(containers):
        for key in ("name", "image"):
            if not isinstance(container.get(key), str) or not container[key]:
                raise invalid(f"{where}[{number}].{key}", "is not there. Each container has one.")
        if container["name"] in seen:
            raise invalid(
                f"{where}[{number}].name",
                f"{container['name']!r} is the name of another container of the Pod.",
            )
        seen.add(container["name"])
