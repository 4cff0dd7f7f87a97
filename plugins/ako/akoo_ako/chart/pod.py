"""Checks of the parts of AKO's Pod that values of the chart add. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any, Final

from akoo_ako import config, names
from akoo_ako.chart import container, kubernetes, typed
from akoo_ako.chart.values import PATH
from akoo_ako.refusals.pod import is_key, is_label, is_label_value, is_subdomain, quantity
from akoo_ako.refusals.refusal import invalid
from akoo_core.plugin import ako_values

MOST_CONTAINERS: Final = 8
_ALONE: Final = "ReadWriteOncePod"
_ACCESS_MODES: Final = ("ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", _ALONE)
OURS: Final = frozenset({names.CONTAINER, names.GATEWAY_CONTAINER})


def check(log: config.Log, pod: Mapping[str, Any], *, istio: bool) -> None:
    """Raise Refusal for a claim or a container that the API server would not take."""
    priority = pod.get("priorityClassName")
    if priority and not is_subdomain(priority):
        raise invalid(f"{PATH}.priorityClassName", f"{priority!r} is no name of a class.")
    spec = pod.get("persistentVolumeClaimSpec")
    if spec is not None:
        _check_claim(log, spec)
    volumes = {names.LOG_VOLUME} if spec is not None or log.persistent_volume_claim else set()
    if istio:
        volumes |= {names.ISTIO_VOLUME}
    _check_containers(pod.get("extraContainers", []), volumes)


def _check_claim(log: config.Log, spec: dict[str, Any]) -> None:
    where = f"{PATH}.persistentVolumeClaimSpec"
    if log.persistent_volume_claim:
        raise invalid(where, "excludes persistentVolumeClaim: both are the volume of the log.")
    for wrong in typed.problems(spec, kubernetes.CLAIM, where):
        raise wrong
    storage = ako_values.at(spec, "resources.requests.storage")
    if not isinstance(storage, str):
        raise invalid(f"{where}.resources.requests.storage", "is not there. Set it, such as 1Gi.")
    if not quantity(storage):
        problem = f"{storage!r} is no quantity such as 1Gi."
        raise invalid(f"{where}.resources.requests.storage", problem)
    _check_modes(f"{where}.accessModes", spec.get("accessModes"))
    _check_volume(spec, where, storage)
    storage_class = spec.get("storageClassName")
    if storage_class and not (isinstance(storage_class, str) and is_subdomain(storage_class)):
        raise invalid(f"{where}.storageClassName", f"{storage_class!r} is no name of a class.")


def _check_volume(spec: dict[str, Any], where: str, storage: str) -> None:
    for kind, figures in spec["resources"].items():
        for name in figures:
            if name != "storage":
                raise invalid(f"{where}.resources.{kind}.{name}", "is not storage.")
    limit = quantity(ako_values.at(spec, "resources.limits.storage"))
    if limit is not None and limit < (quantity(storage) or 0):
        raise invalid(f"{where}.resources.limits.storage", "is less than the request.")
    volume = spec.get("volumeName")
    if volume and not is_subdomain(volume):
        raise invalid(f"{where}.volumeName", f"{volume!r} is no name of a volume.")
    for key, value in (ako_values.at(spec, "selector.matchLabels") or {}).items():
        if not is_key(key) or not is_label_value(value):
            raise invalid(f"{where}.selector.matchLabels", f"{key}={value} is no label.")


def _check_modes(where: str, modes: Any) -> None:
    if not isinstance(modes, list) or not modes:
        raise invalid(where, "is not there. Set it, such as [ReadWriteOnce].")
    unknown = [mode for mode in modes if mode not in _ACCESS_MODES]
    if unknown:
        problem = f"{unknown[0]!r} is none of {', '.join(_ACCESS_MODES)}."
        raise invalid(where, problem)
    if _ALONE in modes and len(modes) > 1:
        raise invalid(where, f"has another mode beside {_ALONE}.")


def _check_containers(containers: list[dict[str, Any]], volumes: Set[str]) -> None:
    where = f"{PATH}.extraContainers"
    if len(containers) > MOST_CONTAINERS:
        raise invalid(where, f"has more than {MOST_CONTAINERS} entries.")
    seen, taken = set(OURS), set[tuple[str, int]]()
    for number, added in enumerate(containers):
        here = f"{where}[{number}]"
        for problem in container.problems(added, here, volumes):
            raise problem
        name = added["name"]
        if not is_label(name):
            raise invalid(
                f"{here}.name", f"{name!r} is no name of a container, such as log-reader."
            )
        if name in seen:
            raise invalid(f"{here}.name", f"{name!r} is the name of another container of the Pod.")
        seen.add(name)
        for protocol, port in container.host_ports(added):
            if (protocol, port) in taken:
                raise invalid(f"{here}.ports", f"opens port {port} of the node twice.")
            taken.add((protocol, port))
