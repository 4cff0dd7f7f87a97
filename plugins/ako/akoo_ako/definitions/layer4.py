"""L4Rule: what users say about Services of type LoadBalancer."""

from __future__ import annotations

from akoo_ako.definitions.schema import (
    Schema,
    choice,
    fields,
    flag,
    many,
    number,
    plain_status,
    required,
    root,
    text,
)

_ALGORITHMS = (
    "LEAST_CONNECTIONS",
    "ROUND_ROBIN",
    "FASTEST_RESPONSE",
    "CONSISTENT_HASH",
    "LEAST_LOAD",
    "FEWEST_SERVERS",
    "RANDOM",
    "FEWEST_TASKS",
    "NEAREST_SERVER",
    "CORE_AFFINITY",
    "TOPOLOGY",
)
_HASHES = (
    "SOURCE_IP_ADDRESS",
    "SOURCE_IP_ADDRESS_AND_PORT",
    "URI",
    "CUSTOM_HEADER",
    "CUSTOM_STRING",
    "CALLID",
)
_LIMIT = number(0, 65535)


def l4_rule(*, since_2_1: bool) -> Schema:
    """L4Rule. ``since_2_1``: with the fields that AKO 2.1 brought."""
    logs = fields(
        duration=number(0, 65535, default=30),
        enabled=required(flag()),
        throttle=number(0, 65535, default=10),
    )
    listener = fields(
        enableSsl=flag(default=False),
        port=required(_LIMIT),
        protocol=required(choice("TCP")),
    )
    spec = fields(
        {"revokeVipRoute": flag(default=False)} if since_2_1 else {},
        analyticsPolicy=fields(fullClientLogs=logs),
        analyticsProfileRef=text(default="System-Analytics-Profile"),
        applicationProfileRef=text(default="System-L4-Application"),
        backendProperties=many(_backend(since_2_1=since_2_1)),
        listenerProperties=many(listener),
        loadBalancerIP=text(),
        networkProfileRef=text(default="System-TCP-Proxy"),
        networkSecurityPolicyRef=text(),
        performanceLimits=fields(maxConcurrentConnections=_LIMIT, maxThroughput=_LIMIT),
        securityPolicyRef=text(),
        sslKeyAndCertificateRefs=many(text()),
        sslProfileRef=text(),
        vsDatascriptRefs=many(text()),
    )
    return root(spec, plain_status())


def _backend(*, since_2_1: bool) -> Schema:
    return fields(
        {"healthMonitorCrdRefs": many(text())} if since_2_1 else {},
        analyticsPolicy=fields(enableRealtimeMetrics=flag(default=False)),
        applicationPersistenceProfileRef=text(),
        enabled=flag(default=True),
        healthMonitorRefs=many(text()),
        lbAlgorithm=choice(
            *(f"LB_ALGORITHM_{name}" for name in _ALGORITHMS),
            default="LB_ALGORITHM_LEAST_CONNECTIONS",
        ),
        lbAlgorithmConsistentHashHdr=text(),
        lbAlgorithmHash=choice(*(f"LB_ALGORITHM_CONSISTENT_HASH_{name}" for name in _HASHES)),
        minServersUp=_LIMIT,
        pkiProfileRef=text(),
        port=required(number(1, 65535)),
        protocol=required(choice("TCP", "UDP", "SCTP")),
        sslKeyAndCertificateRef=text(),
        sslProfileRef=text(),
    )
