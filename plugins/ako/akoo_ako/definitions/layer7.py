"""HostRule, HTTPRule and L7Rule: what users say about host names and paths."""

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
    "CONSISTENT_HASH",
    "CORE_AFFINITY",
    "FASTEST_RESPONSE",
    "FEWEST_SERVERS",
    "LEAST_CONNECTIONS",
    "LEAST_LOAD",
    "ROUND_ROBIN",
)
_HASHES = (
    "CALLID",
    "SOURCE_IP_ADDRESS",
    "SOURCE_IP_ADDRESS_AND_PORT",
    "URI",
    "CUSTOM_HEADER",
    "CUSTOM_STRING",
)
_REFERENCES_OF_2_1 = (
    "analyticsProfile",
    "applicationProfile",
    "wafPolicy",
    "icapProfile",
    "errorPageProfile",
)


def _analytics(*, duration: bool) -> Schema:
    logs = {
        "enabled": flag(default=False),
        "throttle": choice("LOW", "MEDIUM", "HIGH", "DISABLED", default="HIGH"),
        **({"duration": number(default=0)} if duration else {}),
    }
    return fields(fullClientLogs=fields(logs), logAllHeaders=flag(default=False))


def _http_policy() -> Schema:
    return fields(overwrite=flag(), policySets=many(text()))


def _key_certificate() -> dict[str, Schema]:
    return {"name": required(text()), "type": required(choice("ref", "secret"))}


def _virtual_host(*, newer: bool, duration: bool, paths: bool) -> Schema:
    certificate = fields(_key_certificate(), alternateCertificate=fields(_key_certificate()))
    listener = fields(port=number(1, 65535), enableSSL=flag())
    more = {
        "networkSecurityPolicy": text(),
        "l7Rule": text(),
        **({"useRegex": flag(), "applicationRootPath": text()} if paths else {}),
    }
    return fields(
        more if newer else {},
        analyticsProfile=text(),
        applicationProfile=text(),
        icapProfile=many(text()),
        enableVirtualHost=flag(),
        errorPageProfile=text(),
        fqdn=required(text()),
        fqdnType=choice("Exact", "Wildcard", "Contains", default="Exact"),
        datascripts=many(text()),
        httpPolicy=_http_policy(),
        gslb=fields(fqdn=text(), includeAliases=flag(default=False)),
        tls=fields(
            sslProfile=text(),
            sslKeyCertificate=required(certificate),
            termination=choice("edge"),
        ),
        wafPolicy=text(),
        analyticsPolicy=_analytics(duration=duration),
        tcpSettings=fields(listeners=many(listener), loadBalancerIP=text()),
        aliases=many(text()),
    )


def host_rule(*, newer: bool, duration: bool, paths: bool) -> Schema:
    """HostRule. ``newer``: version v1beta1; ``duration``: client logs have one, since AKO 2.1;
    ``paths``: it speaks of paths (useRegex, applicationRootPath), since 1.13."""
    host = required(_virtual_host(newer=newer, duration=duration, paths=paths))
    return root(fields(virtualhost=host), plain_status())


def http_rule(*, http2: bool) -> Schema:
    """HTTPRule. ``http2``: a path has enableHTTP2, in v1beta1 since AKO 1.13."""
    balancing = fields(
        algorithm=choice(*(f"LB_ALGORITHM_{name}" for name in _ALGORITHMS)),
        hash=choice(*(f"LB_ALGORITHM_CONSISTENT_HASH_{name}" for name in _HASHES)),
        hostHeader=text(),
    )
    tls = fields(
        pkiProfile=text(),
        destinationCA=text(),
        sslProfile=text(),
        type=required(choice("reencrypt")),
    )
    path = fields(
        {"enableHTTP2": flag()} if http2 else {},
        loadBalancerPolicy=balancing,
        target=required(text(pattern=r"^\/.*$")),
        healthMonitors=many(text()),
        applicationPersistence=text(),
        tls=tls,
    )
    return root(fields(fqdn=required(text()), paths=many(path)), plain_status())


def _reference() -> Schema:
    kind = required(choice("AviRef", default="AviRef"))
    return fields(kind=kind, name=required(text()))


def l7_rule(*, profiles: bool) -> Schema:
    """L7Rule. ``profiles``: it can name profiles and policies, since AKO 2.1."""
    limit = number(0, 65535)
    more = {
        **{name: _reference() for name in _REFERENCES_OF_2_1},
        "analyticsPolicy": _analytics(duration=True),
        "httpPolicy": _http_policy(),
    }
    spec = fields(
        more if profiles else {},
        allowInvalidClientCert=flag(default=False),
        botPolicyRef=text(),
        closeClientConnOnConfigUpdate=flag(default=False),
        hostNameXlate=text(),
        ignPoolNetReach=flag(default=False),
        minPoolsUp=limit,
        performanceLimits=fields(maxConcurrentConnections=limit, maxThroughput=limit),
        removeListeningPortOnVsDown=flag(default=False),
        securityPolicyRef=text(),
        sslSessCacheAvgSize=number(1024, 16383, default=1024),
        trafficCloneProfileRef=text(),
    )
    return root(spec, plain_status())
