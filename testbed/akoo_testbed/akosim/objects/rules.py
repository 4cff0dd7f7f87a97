"""Rules of users as AKO reads them: it dereferences what its definitions fill in or require.

An object that was stored without that ends AKO's process (a nil pointer), or keeps it from its
start for ever (a number given as text: the list of all rules of the kind cannot be decoded).
"""

import collections.abc

from akoo_testbed.kubeapi import HICCUPS, KubeApi, Object

L4_RULE, L7_RULE = "ako.vmware.com/v1alpha2/L4Rule", "ako.vmware.com/v1alpha2/L7Rule"
L4_RULE_ANNOTATION = "ako.vmware.com/l4rule"

_REFERENCES = (
    "analyticsProfile",
    "applicationProfile",
    "wafPolicy",
    "icapProfile",
    "errorPageProfile",
)
_LIMITS = ("maxConcurrentConnections", "maxThroughput")


class PanicError(Exception):
    """AKO's process ends with code 2."""


def l4_panic(rule: Object) -> str:
    """The pointer that AKO follows into nothing when a Service uses this L4Rule; "" if none."""
    spec = rule.get("spec") or {}
    for listener in spec.get("listenerProperties") or ():
        if "enableSsl" not in listener:
            return "listenerProperties.enableSsl"
        if listener["enableSsl"] and "applicationProfileRef" not in spec:
            return "applicationProfileRef"
    for backend in spec.get("backendProperties") or ():
        for name in ("port", "protocol"):
            if name not in backend:
                return f"backendProperties.{name}"
    return ""


def l7_panic(rule: Object) -> str:
    """The same for an L7Rule, as soon as AKO sees it."""
    spec = rule.get("spec") or {}
    for name in _REFERENCES:
        if name in spec and "kind" not in spec[name]:
            return f"{name}.kind"
    return ""


def class_panic(ingress_class: Object) -> str:
    """The same for an IngressClass: AKO looks for an AviInfraSetting in its parameters."""
    parameters = (ingress_class.get("spec") or {}).get("parameters")
    return "parameters.apiGroup" if parameters and "apiGroup" not in parameters else ""


def undecodable(rule: Object) -> str:
    """The number of an L4Rule that is none; "" if all are."""
    spec = rule.get("spec") or {}
    limits = spec.get("performanceLimits") or {}
    numbers = [(f"performanceLimits.{name}", limits.get(name)) for name in _LIMITS]
    for part in ("listenerProperties", "backendProperties"):
        numbers += [(f"{part}.port", entry.get("port")) for entry in spec.get(part) or ()]
    return next((name for name, value in numbers if isinstance(value, str)), "")


async def can_list(api: KubeApi) -> bool:
    """True if AKO gets past the list of L4Rules."""
    return not any(map(undecodable, await _list(api, L4_RULE)))


async def check(
    api: KubeApi,
    services: collections.abc.Iterable[Object],
    classes: collections.abc.Iterable[Object] = (),
) -> None:
    """Raises PanicError for what ends AKO.

    ``services``: those it works for. ``classes``: all IngressClasses.
    """
    for each in classes:
        if pointer := class_panic(each):
            raise PanicError(f"nil pointer: {_name(each)} {pointer}")
    for rule in await _list(api, L7_RULE):
        if pointer := l7_panic(rule):
            raise PanicError(f"nil pointer: {_name(rule)} {pointer}")
    used = {
        (service["metadata"]["namespace"], annotations[L4_RULE_ANNOTATION])
        for service in services
        if L4_RULE_ANNOTATION in (annotations := service["metadata"].get("annotations") or {})
    }
    for rule in await _list(api, L4_RULE) if used else ():
        key = (rule["metadata"]["namespace"], rule["metadata"]["name"])
        if key in used and (pointer := l4_panic(rule)):
            raise PanicError(f"nil pointer: {_name(rule)} {pointer}")


async def _list(api: KubeApi, kind: str) -> collections.abc.Sequence[Object]:
    """All of a kind; none where it is not served, or nobody answers."""
    try:
        return await api.list(kind)
    except HICCUPS:
        return ()


def _name(rule: Object) -> str:
    metadata = rule["metadata"]
    return f"{rule.get('kind', 'rule')} {metadata.get('namespace')}/{metadata['name']}"
