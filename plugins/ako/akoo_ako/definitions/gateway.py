"""GatewayClass and Gateway of the old group networking.x-k8s.io, for AKO's servicesAPI."""

from __future__ import annotations

from typing import Any, Final

from akoo_ako.definitions.schema import (
    Schema,
    by_key,
    choice,
    fields,
    many,
    mapping,
    number,
    required,
    root,
    text,
)

_NAME = text(minLength=1, maxLength=253)
_EPOCH: Final = "1970-01-01T00:00:00Z"
_REASON = r"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$"
_TYPE = (
    r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?"
    r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$"
)


def gateway_class() -> Schema:
    """GatewayClass."""
    parameters = fields(group=required(_NAME), kind=required(_NAME), name=required(_NAME))
    spec = fields(controller=required(text(maxLength=253)), parametersRef=parameters)
    waiting = _waiting("Admitted", "Waiting")
    status = fields(conditions=_conditions(default=waiting))
    return _with_metadata(root(spec, {**status, "default": {"conditions": waiting}}))


def gateway() -> Schema:
    """Gateway."""
    spec = fields(
        addresses=_addresses(),
        gatewayClassName=required(_NAME),
        listeners=required(many(_listener(), minItems=1, maxItems=64)),
    )
    waiting = _waiting("Scheduled", "NotReconciled")
    listener = fields(
        conditions=required(_conditions()),
        hostname=_NAME,
        port=required(_port()),
        protocol=required(text()),
    )
    status = fields(
        addresses=_addresses(),
        conditions=_conditions(default=waiting),
        listeners=by_key(listener, "port", maxItems=64),
    )
    return _with_metadata(root(spec, {**status, "default": {"conditions": waiting}}))


def _with_metadata(schema: Schema) -> Schema:
    head = {"apiVersion": text(), "kind": text(), "metadata": {"type": "object"}}
    return {**schema, "properties": head | schema["properties"]}


def _port() -> Schema:
    return number(1, 65535, format="int32")


def _addresses() -> Schema:
    kind = choice("IPAddress", "NamedAddress", default="IPAddress")
    return many(fields(type=kind, value=required(_NAME)), maxItems=16)


def _listener() -> Schema:
    override = fields(certificate=required(choice("Allow", "Deny", default="Deny")))
    tls = fields(
        certificateRef=fields(group=required(_NAME), kind=required(_NAME), name=required(_NAME)),
        mode=choice("Terminate", "Passthrough", default="Terminate"),
        options=mapping(text()),
        routeOverride={**override, "default": {"certificate": "Deny"}},
    )
    return fields(
        hostname=_NAME,
        port=required(_port()),
        protocol=required(text()),
        routes=required(_routes()),
        tls=tls,
    )


def _routes() -> Schema:
    namespaces = fields(
        {"from": choice("All", "Selector", "Same")},
        selector=_selector(),
    )
    return fields(
        group=text(minLength=1, maxLength=253, default="networking.x-k8s.io"),
        kind=required(text()),
        namespaces={**namespaces, "default": {"from": "Same"}},
        selector=_selector(),
    )


def _selector() -> Schema:
    expression = fields(key=required(text()), operator=required(text()), values=many(text()))
    return fields(matchExpressions=many(expression), matchLabels=mapping(text()))


def _waiting(kind: str, why: str) -> list[dict[str, Any]]:
    return [
        {
            "lastTransitionTime": _EPOCH,
            "message": "Waiting for controller",
            "reason": why,
            "status": "False",
            "type": kind,
        }
    ]


def _conditions(**more: Any) -> Schema:
    condition = fields(
        lastTransitionTime=required(text(format="date-time")),
        message=required(text(maxLength=32768)),
        observedGeneration=number(0, format="int64"),
        reason=required(text(minLength=1, maxLength=1024, pattern=_REASON)),
        status=required(choice("True", "False", "Unknown")),
        type=required(text(maxLength=316, pattern=_TYPE)),
    )
    return by_key(condition, "type", maxItems=8, **more)
