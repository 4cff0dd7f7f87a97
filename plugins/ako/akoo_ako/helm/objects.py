"""The objects of a chart as they are deployed in one cluster; pure."""

from __future__ import annotations

from typing import Any, Final

from akoo_ako import names, options
from akoo_ako.desired import Desired
from akoo_ako.helm import allowed, pod, renderings
from akoo_ako.helm.archive import PATH
from akoo_ako.refusals.refusal import Refusal
from akoo_ako.releases import loading
from akoo_ako.rendering import values
from akoo_core.plugin import structs

AWAITED: Final = "ChartAwaited"


def render(desired: Desired) -> tuple[structs.JSON, ...]:
    """All objects, clusterName, marks and security ours. Raises Refusal."""
    rendered = renderings.find(desired)
    if rendered is None:
        raise Refusal(AWAITED, f"{PATH}: the chart is not rendered yet.")
    made: list[structs.JSON] = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": names.NAMESPACE}}
    ]
    data = _data(rendered, desired)
    for obj in rendered:
        kind = obj["kind"]
        if kind == "CustomResourceDefinition" and not desired.primary:
            continue
        if kind == "ConfigMap":
            made.append({**_plain(obj), "data": data})
        elif kind == "StatefulSet":
            config_hash = values.digest(data, replicas=desired.replicas)
            made.append(pod.placed(_plain(obj), desired, config_hash))
        else:
            made.append(_plain(obj))
    _check_variables(made, data)
    return tuple(made)


def check_not_adopted(chosen: options.Options) -> None:
    """Raises Refusal for a chart in the place of an AKO that was adopted."""
    if chosen.chart is not None:
        raise Refusal(
            "ConfigInvalid",
            f"{PATH}: is not used for an AKO that was adopted, which keeps its shape. Remove it, "
            "or make another config for such clusters.",
        )


def brings_definitions(desired: Desired) -> bool:
    """The chart has the definitions of AKO's kinds."""
    rendered = renderings.find(desired) or ()
    return any(obj["kind"] == "CustomResourceDefinition" for obj in rendered)


def _plain(obj: structs.JSON) -> structs.JSON:
    """The object in AKO's namespace, without what only a server writes and helm's own marks."""
    metadata = {
        key: value
        for key, value in obj["metadata"].items()
        if key in ("name", "labels", "annotations")
    }
    labels = {
        key: value
        for key, value in (metadata.get("labels") or {}).items()
        if key not in ("app.kubernetes.io/managed-by", "helm.sh/chart")
    }
    metadata.pop("labels", None)
    if labels:
        metadata["labels"] = labels
    if (obj["apiVersion"], obj["kind"]) in allowed.NAMESPACED:
        metadata["namespace"] = names.NAMESPACE
    rest = {key: value for key, value in obj.items() if key not in ("metadata", "status")}
    return {**rest, "metadata": metadata}


def _data(rendered: tuple[structs.JSON, ...], desired: Desired) -> dict[str, str]:
    """The keys of the chart, with our text for each that akoo-core knows."""
    (config_map,) = (obj for obj in rendered if obj["kind"] == "ConfigMap")
    chart: dict[str, Any] = config_map.get("data") or {}
    for key, text in chart.items():
        if not isinstance(text, str):
            raise _refused(f"key {key} of ConfigMap {names.CONFIG_MAP} is no text")
    for key in loading.NEEDED:
        if key not in chart:
            raise _refused(f"ConfigMap {names.CONFIG_MAP} has no key {key}")
    ours = values.render(desired)
    return {key: ours.get(key, text) for key, text in chart.items()}


def _check_variables(made: list[structs.JSON], data: dict[str, str]) -> None:
    """A variable of a key that is missing keeps the container from starting."""
    (stateful_set,) = (obj for obj in made if obj["kind"] == "StatefulSet")
    containers = stateful_set["spec"]["template"]["spec"]["containers"]
    for container in containers:
        for variable in container.get("env") or ():
            source = (variable.get("valueFrom") or {}).get("configMapKeyRef") or {}
            missing = source.get("key") not in data and not source.get("optional")
            if source.get("name") == names.CONFIG_MAP and missing:
                raise _refused(
                    f"variable {variable.get('name')} is of key {source.get('key')}, which "
                    f"ConfigMap {names.CONFIG_MAP} lacks"
                )


def _refused(problem: str) -> Refusal:
    return Refusal("ChartObjectRefused", f"{PATH}: {problem}.")
