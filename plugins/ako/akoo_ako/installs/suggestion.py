"""An install of AKO as the spec of an AKODeploymentConfig; pure.

The inverse of mapping.py, values.py and statefulset.py. It is not believed: differences.py renders
the result and compares.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from akoo_ako import names, options, settings
from akoo_ako.chart import paths
from akoo_ako.installs import template
from akoo_ako.releases.release import Release
from akoo_ako.rendering import mapping
from akoo_core.plugin import structs


class ForeignValueError(ValueError):
    """A value of the ConfigMap that no field of a config can hold."""


def spec_of(
    data: dict[str, str], stateful_set: structs.JSON, version: str, ours: settings.Settings
) -> tuple[dict[str, Any], list[str]]:
    """The fields of a config's ``spec`` that give this ConfigMap and this StatefulSet; and the keys
    of the ConfigMap whose value no field can hold. Fields whose default does it are left out.

    ``version`` "" leaves the version open. References to Secrets and the selector are not in it:
    no object of the install has them.
    """
    spec: dict[str, Any] = {"controller": "", "cloudName": "", "serviceEngineGroup": ""}
    lost: list[str] = []
    release = ours.table.find(version)
    for row in mapping.rows(release) if release else mapping.ROWS:
        text = data.get(row.key, "")
        if not text or text == row.default:
            continue
        if not row.source.startswith("spec."):
            _put_chart_value(spec, row.key, text, release)
            continue
        try:
            _OF_KEY.get(row.key, _set_plain)(spec, row, text)
        except ForeignValueError:
            lost.append(row.key)
    _of_stateful_set(spec, stateful_set, version, ours)
    return spec, lost


# The ConfigMap.


def _set_plain(spec: dict[str, Any], row: mapping.Row, text: str) -> None:
    value: Any = text
    if row.key in _FLAGS:
        if text.lower() not in ("true", "false"):
            raise ForeignValueError(text)
        value = text.lower() == "true"
    elif row.key in _NUMBERS:
        if not (text.isascii() and text.isdigit()):
            raise ForeignValueError(text)
        value = int(text)
    elif row.key in _LISTS:
        value = _list(text)
        if not all(isinstance(each, str) for each in value):
            raise ForeignValueError(text)
    if value not in ([], ""):
        put(spec, row.source, value)


def _set_vip_networks(spec: dict[str, Any], row: mapping.Row, text: str) -> None:
    networks = _list(text)
    if not networks:
        return
    if not all(isinstance(network, dict) and network.keys() <= _VIP for network in networks):
        raise ForeignValueError(text)
    cidrs = [key for key in ("cidr", "v6cidr") if networks[0].get(key)]
    plain = len(networks) == 1 and len(cidrs) <= 1 and not networks[0].get("networkUUID")
    if plain and networks[0].get("networkName"):
        cidr = networks[0][cidrs[0]] if cidrs else ""
        put(spec, row.source, {"name": networks[0]["networkName"], "cidr": cidr})
    else:
        put(spec, "spec.plugins.ako.vipNetworks", networks)


def _set_node_networks(spec: dict[str, Any], row: mapping.Row, text: str) -> None:
    networks = _list(text)
    if not all(isinstance(network, dict) and network.keys() <= _NODE for network in networks):
        raise ForeignValueError(text)
    if networks:
        put(spec, row.source, networks)


def _list(text: str) -> list[Any]:
    try:
        value = structs.decode_json(text)
    except structs.DecodeError as error:
        raise ForeignValueError(text) from error
    if not isinstance(value, list):
        raise ForeignValueError(text)
    return value


_VIP: Final = {"networkName", "networkUUID", "cidr", "v6cidr"}
_NODE: Final = {"networkName", "cidrs"}
_OF_KEY: Final[dict[str, Callable[[dict[str, Any], mapping.Row, str], None]]] = {
    "vipNetworkList": _set_vip_networks,
    "nodeNetworkList": _set_node_networks,
}
_FLAGS: Final = frozenset(
    {
        *("primaryInstance", "enableEvents", "disableStaticRouteSync", "enableEVH", "layer7Only"),
        *("servicesAPI", "vipPerNamespace", "istioEnabled", "useDefaultSecretsOnly", "enableRHI"),
        *("defaultIngController", "noPGForSNI", "enableMCI", "dedicatedTenantMode", "vpcMode"),
        *("defaultLBController", "enablePrometheus"),
    }
)
_NUMBERS: Final = frozenset({"apiServerPort"})
_LISTS: Final = frozenset({"blockedNamespaceList", "bgpPeerLabels"})


def _put_chart_value(spec: dict[str, Any], key: str, text: str, release: Release | None) -> None:
    """The value of a key without a field, by its path of the chart."""
    for path in paths.of_release(release).values() if release else ():
        where = f"{_OPTIONS}.values.{path.path}"
        if path.key == key and path.type == "flag" and text.lower() in ("true", "false"):
            put(spec, where, text.lower() == "true")
        elif path.key == key and path.type == "text":
            put(spec, where, text)


# The StatefulSet.


def _of_stateful_set(
    spec: dict[str, Any], stateful_set: structs.JSON, version: str, ours: settings.Settings
) -> None:
    pods = template.pod_spec(stateful_set)
    ako, gateway = template.ako_container(pods), template.gateway_container(pods)
    replicas = (stateful_set.get("spec") or {}).get("replicas", 1)
    claim = template.claim(pods)
    if replicas not in (0, 1):
        put(spec, f"{_EXTRA}.replicaCount", replicas)
    if gateway:
        put(spec, f"{_EXTRA}.featureGates.GatewayAPI", True)
    for path, value, default in (
        (f"{_EXTRA}.log.persistentVolumeClaim", claim, ""),
        (f"{_EXTRA}.log.mountPath", template.variable(ako, "LOG_FILE_PATH"), "/log"),
        (f"{_EXTRA}.log.logFile", template.variable(ako, "LOG_FILE_NAME"), "avi.log"),
        (
            f"{_EXTRA}.log.akoGatewayLogFile",
            template.variable(gateway, "LOG_FILE_NAME"),
            "avi-gw.log",
        ),
        (f"{_OPTIONS}.version", version, ""),
        (f"{_OPTIONS}.image", _image(ako, ours.image_repository, version), {}),
        (
            f"{_OPTIONS}.gatewayImage",
            _image(gateway, ours.gateway_image_repository, version),
            {},
        ),
        (f"{_OPTIONS}.imagePullPolicy", ako.get("imagePullPolicy"), ours.image_pull_policy),
        (f"{_OPTIONS}.imagePullSecrets", _pull_secrets(pods), list(ours.image_pull_secrets)),
        (f"{_OPTIONS}.resources", ako.get("resources") or _NO_LIMITS, options.RESOURCES),
        (f"{_OPTIONS}.nodeSelector", pods.get("nodeSelector"), {}),
        (f"{_OPTIONS}.tolerations", pods.get("tolerations"), []),
        (f"{_OPTIONS}.podSecurity", _pod_security(pods), options.Options().pod_security),
    ):
        if value and value != default:
            put(spec, path, value)
    release = ours.table.find(version)
    known = paths.of_release(release) if release else {}
    for name, value in (
        ("priorityClassName", pods.get("priorityClassName")),
        ("extraContainers", template.other_containers(pods)),
    ):
        if value and name in known:
            put(spec, f"{_OPTIONS}.values.{name}", value)


def _image(container: structs.JSON, repository: str, version: str) -> dict[str, str]:
    image = template.parse_image(str(container.get("image") or ""))
    named = {
        "repository": "" if image.repository == repository else image.repository,
        "tag": "" if image.tag == version else image.tag,
        "digest": image.digest,
    }
    return {key: value for key, value in named.items() if value}


def _pull_secrets(pods: structs.JSON) -> list[str]:
    return [str(secret.get("name", "")) for secret in pods.get("imagePullSecrets") or ()]


def _pod_security(pods: structs.JSON) -> str:
    return "Restricted" if (pods.get("securityContext") or {}).get("runAsNonRoot") else "Vendor"


_EXTRA: Final = "spec.extraConfigs"
_NO_LIMITS: Final[dict[str, Any]] = {"limits": {}}
"""An empty map means the vendor's figures."""
_OPTIONS: Final = f"spec.plugins.{names.PLUGIN}"


def put(spec: dict[str, Any], path: str, value: Any) -> None:
    """Set the field at ``path``, which begins with ``spec.``."""
    *parents, last = path.split(".")[1:]
    for name in parents:
        spec = spec.setdefault(name, {})
    spec[last] = value
