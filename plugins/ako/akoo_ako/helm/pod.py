"""The Pod of a chart, and what of it is akoo-core's. Pure."""

from __future__ import annotations

import copy
from typing import Any, Final

from akoo_ako import images, names
from akoo_ako.desired import Desired
from akoo_ako.helm.archive import PATH
from akoo_ako.refusals.refusal import Refusal
from akoo_ako.rendering import statefulset
from akoo_ako.running import pods
from akoo_core.plugin import structs

_HOST: Final = ("hostNetwork", "hostPID", "hostIPC")
_TAKEN: Final = (
    "affinity",
    "imagePullSecrets",
    "nodeSelector",
    "priorityClassName",
    "securityContext",
    "terminationGracePeriodSeconds",
    "tolerations",
)
"""Parts of the Pod's spec that the config says, for a chart as for any release."""
_OF_CONTAINER: Final = ("imagePullPolicy", "resources", "securityContext")


def placed(chart: structs.JSON, desired: Desired, config_hash: str) -> structs.JSON:
    """The StatefulSet of a chart as it is deployed. Raises Refusal for a Pod that reaches out of
    itself, and for an AKO of another release."""
    ours = statefulset.render(desired, config_hash)
    stateful_set = copy.deepcopy(chart)
    spec = _dict(stateful_set.get("spec"), "has no spec")
    template = _dict(spec.get("template"), "has no template")
    pod = _dict(template.get("spec"), "has no spec of its Pod")
    _check(spec, pod)
    wanted = ours["spec"]
    # Immutable, and the same for every release and source: any of them can follow any other.
    for name in ("replicas", "serviceName", "podManagementPolicy", "selector"):
        spec[name] = wanted[name]
    metadata = _dict(template.setdefault("metadata", {}), "has no metadata of its Pod")
    metadata["labels"] = {
        **(metadata.get("labels") or {}),
        **wanted["template"]["metadata"]["labels"],
    }
    metadata["annotations"] = {
        **(metadata.get("annotations") or {}),
        **wanted["template"]["metadata"]["annotations"],
    }
    of_pod = wanted["template"]["spec"]
    for name in _TAKEN:
        pod.pop(name, None)
        if name in of_pod:
            pod[name] = of_pod[name]
    containers = {each["name"]: each for each in of_pod["containers"]}
    default = containers[names.CONTAINER]
    for container in (*pod["containers"], *(pod.get("initContainers") or ())):
        _place(container, containers.get(container["name"]), default, desired)
    if desired.options.image.tag or desired.options.image.digest:
        for container in pod["containers"]:
            if container["name"] in containers:
                container["image"] = containers[container["name"]]["image"]
    _check_version(template, desired)
    return stateful_set


def _place(
    container: structs.JSON, ours: structs.JSON | None, default: structs.JSON, desired: Desired
) -> None:
    for name in _OF_CONTAINER:
        if ours is None and name == "resources":
            continue
        source = ours or default
        container.pop(name, None)
        if name in source:
            container[name] = source[name]
    if ours is not None and "readinessProbe" in ours:
        container.setdefault("readinessProbe", ours["readinessProbe"])
    container["image"] = images.rewritten(str(container.get("image") or ""), desired.image_registry)


def _check(spec: structs.JSON, pod: structs.JSON) -> None:
    if spec.get("volumeClaimTemplates"):
        raise _refused("has volumeClaimTemplates, which no other release could follow")
    for name in _HOST:
        if pod.get(name):
            raise _refused(f"sets {name}")
    for volume in pod.get("volumes") or ():
        if not isinstance(volume, dict) or "hostPath" in volume:
            raise _refused("mounts a folder of its Node")
    listed = [*(pod.get("containers") or ()), *(pod.get("initContainers") or ())]
    if not all(isinstance(each, dict) and isinstance(each.get("name"), str) for each in listed):
        raise _refused("has a container without a name")
    if names.CONTAINER not in [each["name"] for each in pod.get("containers") or ()]:
        raise _refused(f"has no container {names.CONTAINER}")


def _check_version(template: structs.JSON, desired: Desired) -> None:
    chosen = desired.options.image
    tag, wanted = pods.image_version(template), desired.release.version
    if tag != wanted and not (chosen.tag or chosen.digest):
        raise Refusal(
            "ChartVersionMismatch",
            f"{PATH}: the chart deploys AKO {tag or '(no tag)'}, the config is for {wanted}. Name "
            f"the release of the chart in spec.plugins.ako.version, or another chart.",
        )


def _dict(value: Any, problem: str) -> structs.JSON:
    if not isinstance(value, dict):
        raise _refused(problem)
    return value


def _refused(problem: str) -> Refusal:
    text = f"{PATH}: StatefulSet {names.STATEFUL_SET} of the chart {problem}."
    return Refusal("ChartObjectRefused", text)
