"""Comparison of an install with the rendering of a config; pure.

The parts of a StatefulSet that a config governs are compared one by one. Everything else (labels,
selector, probes, security context, variables) is the shape of the install: it is not rendered from
a config, and stays as it is when the install is adopted.
"""

from __future__ import annotations

import json
from typing import Any, Final

from akoo_ako import desired, names, options, settings
from akoo_ako.installs import template
from akoo_ako.rendering import mapping, objects
from akoo_core.plugin import ako_networks, api, records, structs

ALWAYS_WRITTEN: Final = frozenset(
    {
        *("controllerIP", "fullSyncFrequency", "cloudName", "clusterName", "deleteConfig"),
        *("disableStaticRouteSync", "defaultIngController", "serviceType", "logLevel"),
        *("serviceEngineGroupName", "vipNetworkList", "apiServerPort"),
    }
)
"""Keys without which AKO does something else than with the value of an unset field. The ancestor's
package always wrote them, and left out the others when they were empty."""
_UNSET: Final = {row.key: row.default for row in mapping.ROWS}
_OF_CONTAINER: Final = ("image", "imagePullPolicy", "resources")
_OF_POD: Final = ("nodeSelector", "tolerations", "imagePullSecrets", "priorityClassName")
_OF_LOG: Final = ("USE_PVC", "LOG_FILE_PATH", "LOG_FILE_NAME")


class Difference(structs.Struct, frozen=True, kw_only=True):
    """One part that the rendering has otherwise."""

    where: str
    installed: str
    rendered: str


class Rendering(structs.Struct, frozen=True, kw_only=True):
    """The ConfigMap's data and the StatefulSet that a config gives."""

    data: dict[str, str]
    stateful_set: structs.JSON


def rendering(
    spec: dict[str, Any],
    cluster_name: str,
    ours: settings.Settings,
    cluster: records.Cluster | None = None,
) -> Rendering:
    """The rendering of a config with this spec for AKO of this clusterName. Raises Refusal and
    structs.DecodeError."""
    rendered = objects.render(decided(spec, cluster_name, ours, cluster))
    by_kind = {obj["kind"]: obj for obj in rendered if obj["kind"] in ("ConfigMap", "StatefulSet")}
    return Rendering(data=by_kind["ConfigMap"]["data"], stateful_set=by_kind["StatefulSet"])


def decided(
    spec: dict[str, Any],
    cluster_name: str,
    ours: settings.Settings,
    cluster: records.Cluster | None = None,
) -> desired.Desired:
    """The AKO that a config with this spec describes. Raises Refusal and structs.DecodeError."""
    section = (spec.get("plugins") or {}).get(names.PLUGIN) or {}
    view = api.View(
        record_name="",
        spec=records.RecordSpec(
            ako_cluster_name=cluster_name,
            management_id="",
            cluster_ref=records.ClusterRef(namespace="", name="", uid=""),
            config_ref=records.ConfigRef(name="", uid=""),
        ),
        cluster=cluster,
        config={"spec": spec},
        plugin_config=structs.convert(section, options.Options, path="spec.plugins.ako"),
    )
    return desired.decide(view, ours)


def of_data(installed: dict[str, str], rendered: dict[str, str]) -> list[Difference]:
    """The keys of the ConfigMap that do not mean the same. Absent and empty are equal."""
    return [
        Difference(
            where=f"ConfigMap key {key}",
            installed=installed.get(key, ""),
            rendered=rendered.get(key, ""),
        )
        for key in sorted(installed.keys() | rendered.keys())
        if not _same_value(key, installed.get(key, ""), rendered)
    ]


def of_stateful_set(installed: structs.JSON, rendered: structs.JSON) -> list[Difference]:
    """The parts that a config governs and that are not equal."""
    there, ours = _governed(installed), _governed(rendered)
    return [
        Difference(
            where=f"StatefulSet {part}",
            installed=_text(there.get(part)),
            rendered=_text(ours.get(part)),
        )
        for part in sorted(there.keys() | ours.keys())
        if there.get(part) != ours.get(part)
    ]


def _same_value(key: str, installed: str, rendered: dict[str, str]) -> bool:
    ours = rendered.get(key, "")
    if installed == ours:
        return True
    if not installed:
        return key not in ALWAYS_WRITTEN and ours in (_UNSET.get(key), "")
    return bool(_plain(installed) == _plain(ours))


def _plain(text: str) -> Any:
    """The value in a text, so that spaces in JSON, host bits of a CIDR, and True do not differ."""
    try:
        value = json.loads(text)
    except ValueError:
        return text.lower() if text.lower() in ("true", "false") else text
    return _without_host_bits(value) if isinstance(value, list) else text


def _without_host_bits(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_host_bits(each) for each in value]
    if isinstance(value, dict):
        return {key: _without_host_bits(each) for key, each in value.items() if each}
    try:
        return ako_networks.prefix(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _governed(stateful_set: structs.JSON) -> dict[str, Any]:
    """The parts that a config governs, by their names; those without a value are left out."""
    pods = template.pod_spec(stateful_set)
    parts: dict[str, Any] = {key: pods.get(key) for key in _OF_POD}
    parts["replicas"] = (stateful_set.get("spec") or {}).get("replicas", 1)
    parts["other containers"] = [each.get("name") for each in template.other_containers(pods)]
    parts["volume of the log"] = template.claim(pods)
    for role, container in (
        ("AKO", template.ako_container(pods)),
        ("the Gateway API", template.gateway_container(pods)),
    ):
        if container:
            parts |= {f"{key} of {role}": container.get(key) for key in _OF_CONTAINER}
            parts |= {f"{key} of {role}": template.variable(container, key) for key in _OF_LOG}
    return {
        part: value for part, value in _filled(parts).items() if value not in ({}, [], "", None)
    }


def _filled(value: Any) -> Any:
    """Without empty values in maps."""
    if isinstance(value, dict):
        inner = {key: _filled(each) for key, each in value.items()}
        return {key: each for key, each in inner.items() if each not in ({}, [], "", None)}
    return value


def _text(value: Any) -> str:
    return "" if value is None else structs.encode_json(value).decode()
