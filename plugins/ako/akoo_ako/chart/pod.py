"""Checks of the parts of AKO's Pod that values of the chart add. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from akoo_ako import config, names
from akoo_ako.chart.values import PATH
from akoo_ako.refusals.pod import is_label, is_subdomain, quantity
from akoo_ako.refusals.refusal import invalid
from akoo_core.plugin import ako_values

MOST_CONTAINERS: Final = 8
_ALONE: Final = "ReadWriteOncePod"
_ACCESS_MODES: Final = ("ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", _ALONE)
OURS: Final = frozenset({names.CONTAINER, names.GATEWAY_CONTAINER})


def check(log: config.Log, pod: Mapping[str, Any]) -> None:
    """Raise Refusal for a claim or a container that the API server would not take."""
    priority = pod.get("priorityClassName")
    if priority and not is_subdomain(priority):
        raise invalid(f"{PATH}.priorityClassName", f"{priority!r} is no name of a class.")
    spec = pod.get("persistentVolumeClaimSpec")
    if spec is not None:
        _check_claim(log, spec)
    _check_containers(pod.get("extraContainers", []))


def _check_claim(log: config.Log, spec: dict[str, Any]) -> None:
    where = f"{PATH}.persistentVolumeClaimSpec"
    if log.persistent_volume_claim:
        raise invalid(where, "excludes persistentVolumeClaim: both are the volume of the log.")
    storage = ako_values.at(spec, "resources.requests.storage")
    if not isinstance(storage, str):
        raise invalid(f"{where}.resources.requests.storage", "is not there. Set it, such as 1Gi.")
    if not quantity(storage):
        problem = f"{storage!r} is no quantity such as 1Gi."
        raise invalid(f"{where}.resources.requests.storage", problem)
    _check_modes(f"{where}.accessModes", spec.get("accessModes"))
    storage_class = spec.get("storageClassName")
    if storage_class and not (isinstance(storage_class, str) and is_subdomain(storage_class)):
        raise invalid(f"{where}.storageClassName", f"{storage_class!r} is no name of a class.")


def _check_modes(where: str, modes: Any) -> None:
    if not isinstance(modes, list) or not modes:
        raise invalid(where, "is not there. Set it, such as [ReadWriteOnce].")
    unknown = [mode for mode in modes if mode not in _ACCESS_MODES]
    if unknown:
        problem = f"{unknown[0]!r} is none of {', '.join(_ACCESS_MODES)}."
        raise invalid(where, problem)
    if _ALONE in modes and len(modes) > 1:
        raise invalid(where, f"has another mode beside {_ALONE}.")


def _check_containers(containers: list[dict[str, Any]]) -> None:
    where = f"{PATH}.extraContainers"
    if len(containers) > MOST_CONTAINERS:
        raise invalid(where, f"has more than {MOST_CONTAINERS} entries.")
    seen: set[str] = set(OURS)
    for number, container in enumerate(containers):
        for key in ("name", "image"):
            if not isinstance(container.get(key), str) or not container[key]:
                raise invalid(f"{where}[{number}].{key}", "is not there. Each container has one.")
        if not is_label(container["name"]):
            problem = f"{container['name']!r} is no name of a container, such as log-reader."
            raise invalid(f"{where}[{number}].name", problem)
        if container["name"] in seen:
            raise invalid(
                f"{where}[{number}].name",
                f"{container['name']!r} is the name of another container of the Pod.",
            )
        seen.add(container["name"])
