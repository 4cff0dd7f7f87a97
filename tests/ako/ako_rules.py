"""Objects of AKO's kinds as users write them, and what becomes of each: accepted or refused."""

from __future__ import annotations

from typing import Any, NamedTuple


class Rule(NamedTuple):
    """One object. ``stored``: paths of its spec and what is there once it is stored."""

    title: str
    plural: str
    kind: str
    version: str
    spec: dict[str, Any]
    stored: dict[str, Any] = {}
    refused: str = ""
    """A part of the refusal: the path. Empty: the object is accepted."""
    pruned: str = ""
    """A path of the object that is not stored."""

    @property
    def definition(self) -> str:
        return f"{self.plural}.ako.vmware.com"

    def manifest(self, name: str = "web", namespace: str = "default") -> dict[str, Any]:
        """The object."""
        metadata = {"name": name} | ({"namespace": namespace} if self.namespaced else {})
        return {
            "apiVersion": f"ako.vmware.com/{self.version}",
            "kind": self.kind,
            "metadata": metadata,
            "spec": self.spec,
        }

    @property
    def namespaced(self) -> bool:
        return self.kind != "AviInfraSetting"


def _l4(title: str, spec: dict[str, Any], **more: Any) -> Rule:
    return Rule(title, "l4rules", "L4Rule", "v1alpha2", spec, **more)


def _l7(title: str, spec: dict[str, Any], **more: Any) -> Rule:
    return Rule(title, "l7rules", "L7Rule", "v1alpha2", spec, **more)


def _host(title: str, host: dict[str, Any], **more: Any) -> Rule:
    spec = {"virtualhost": {"fqdn": "shop.example.com", **host}}
    return Rule(title, "hostrules", "HostRule", "v1beta1", spec, **more)


def _infra(title: str, spec: dict[str, Any], **more: Any) -> Rule:
    return Rule(title, "aviinfrasettings", "AviInfraSetting", "v1beta1", spec, **more)


def _http(title: str, path: dict[str, Any], **more: Any) -> Rule:
    spec = {"fqdn": "shop.example.com", "paths": [path]}
    return Rule(title, "httprules", "HTTPRule", "v1beta1", spec, **more)


def _sso(title: str, spec: dict[str, Any], **more: Any) -> Rule:
    return Rule(title, "ssorules", "SSORule", "v1alpha2", spec, **more)


_LISTENER = {"port": 80, "protocol": "TCP"}
_BACKEND = {"port": 80, "protocol": "TCP"}
_LOGS = "virtualhost.analyticsPolicy.fullClientLogs"
_SAML = {
    "authnReqAcsType": "SAML_AUTHN_REQ_ACS_TYPE_URL",
    "entityID": "e",
    "singleSignonURL": "https://sso.example.com",
}
_SSO = {"fqdn": "shop.example.com", "ssoPolicyRef": "p"}

RULES = (
    _l4(
        "a listener without enableSsl",
        {"listenerProperties": [_LISTENER]},
        stored={
            "listenerProperties.0.enableSsl": False,
            "analyticsProfileRef": "System-Analytics-Profile",
            "applicationProfileRef": "System-L4-Application",
            "networkProfileRef": "System-TCP-Proxy",
            "revokeVipRoute": False,
        },
    ),
    _l4(
        "a backend with no more than it must have",
        {"backendProperties": [_BACKEND]},
        stored={
            "backendProperties.0.enabled": True,
            "backendProperties.0.lbAlgorithm": "LB_ALGORITHM_LEAST_CONNECTIONS",
        },
    ),
    _l4(
        "client logs of layer 4",
        {"analyticsPolicy": {"fullClientLogs": {"enabled": True}}},
        stored={
            "analyticsPolicy.fullClientLogs.throttle": 10,
            "analyticsPolicy.fullClientLogs.duration": 30,
        },
    ),
    _l7(
        "a profile without kind",
        {"analyticsProfile": {"name": "System-Analytics-Profile"}},
        stored={"analyticsProfile.kind": "AviRef", "sslSessCacheAvgSize": 1024},
    ),
    _host(
        "aliases without fqdnType",
        {"aliases": ["www.example.com"]},
        stored={"virtualhost.fqdnType": "Exact"},
    ),
    _host(
        "client logs without throttle",
        {"analyticsPolicy": {"fullClientLogs": {"enabled": True}}},
        stored={f"{_LOGS}.throttle": "HIGH", f"{_LOGS}.duration": 0},
    ),
    _host("a field that AKO does not know", {"fqdnTyp": "Exact"}, pruned="virtualhost.fqdnTyp"),
    _sso(
        "a cookie without a time",
        {**_SSO, "samlSpConfig": _SAML},
        stored={"samlSpConfig.cookieTimeout": 60},
    ),
    _infra("a size that AKO knows", {"l7Settings": {"shardSize": "DEDICATED"}}),
    _http("a target", {"target": "/"}),
    _l4(
        "a backend without port and protocol",
        {"backendProperties": [{"lbAlgorithm": "LB_ALGORITHM_ROUND_ROBIN"}]},
        refused="backendProperties[0].port",
    ),
    _l4(
        "a number as text",
        {"performanceLimits": {"maxThroughput": "100"}},
        refused="performanceLimits.maxThroughput",
    ),
    _l4(
        "a port that is none",
        {"backendProperties": [{**_BACKEND, "port": 65536}]},
        refused="backendProperties[0].port",
    ),
    _l4(
        "a listener of UDP",
        {"listenerProperties": [{**_LISTENER, "protocol": "UDP"}]},
        refused="listenerProperties[0].protocol",
    ),
    _l7(
        "another kind of profile",
        {"wafPolicy": {"kind": "CRD", "name": "w"}},
        refused="wafPolicy.kind",
    ),
    _l7("a profile without name", {"icapProfile": {}}, refused="icapProfile.name"),
    _l7("a small cache", {"sslSessCacheAvgSize": 1}, refused="sslSessCacheAvgSize"),
    _host("a type of name that is none", {"fqdnType": "Nonsense"}, refused="fqdnType"),
    _host("TLS without a certificate", {"tls": {}}, refused="tls.sslKeyCertificate"),
    Rule(
        "a host rule without a host",
        "hostrules",
        "HostRule",
        "v1beta1",
        {},
        refused="spec.virtualhost",
    ),
    _infra("a size that is none", {"l7Settings": {"shardSize": "HUGE"}}, refused="shardSize"),
    _infra(
        "a network with two names",
        {"network": {"vipNetworks": [{"networkName": "a", "networkUUID": "u"}]}},
        refused="network.vipNetworks[0]",
    ),
    _infra(
        "a network without a name",
        {"network": {"vipNetworks": [{"cidr": "10.0.0.0/24"}]}},
        refused="network.vipNetworks[0]",
    ),
    _http(
        "an algorithm that is none",
        {"target": "/", "loadBalancerPolicy": {"algorithm": "NOPE"}},
        refused="loadBalancerPolicy.algorithm",
    ),
    _http("a target without a slash", {"target": "cart"}, refused="paths[0].target"),
    _sso(
        "no policy",
        {"fqdn": "shop.example.com", "samlSpConfig": _SAML},
        refused="ssoPolicyRef",
    ),
    _sso("neither OAuth nor SAML", _SSO, refused="spec"),
    _sso("no host", {"ssoPolicyRef": "p", "samlSpConfig": _SAML}, refused="spec.fqdn"),
)


def at(obj: Any, path: str) -> Any:
    """The value at a dotted path; numbers are places in lists. Raises KeyError."""
    for part in path.split("."):
        obj = obj[int(part)] if isinstance(obj, list) else obj[part]
    return obj
