"""Strategies: what AKOs of clusters with confusable names leave, in every state of disrepair."""

from __future__ import annotations

from typing import Any, NamedTuple

import hypothesis.strategies as st

from tests.avi import avi_oracle as oracle

CLUSTERS = (
    "foo",
    "foo-red",  # created_by of a secondary AKO of foo in namespace red
    "gw-foo",  # created_by of the gateway of foo
    "crd-operator-foo",
    "foo--bar",  # prefix of names
    "foo-",
    "dev-foo",  # foo is its suffix
    "fo",
    "my-cluster",
    "akoo-0123456789ab",
    "akoo-0123456789ab-2",
    "x-akoo-0123456789ab",
)
TENANTS = ("admin", "blue")
CLOUDS = ("Default-Cloud", "other")
UUID4 = "3f2b8c1e-9d4a-4c6b-8e2f-0a1b2c3d4e5f"


class Thing(NamedTuple):
    """One object to be made; ``refers`` are places in the list of things, earlier ones."""

    kind: str
    name: str
    tenant: str
    cloud: str
    created_by: str | None
    markers: tuple[tuple[str, tuple[str, ...]], ...]
    refers: tuple[int, ...] = ()

    def body(self) -> dict[str, Any]:
        """The body of a request. The caller adds references."""
        made: dict[str, Any] = {"name": self.name, **_REQUIRED.get(self.kind, {})}
        made["markers"] = [{"key": key, "values": list(values)} for key, values in self.markers]
        if self.created_by is not None and self.kind in oracle.WITH_CREATED_BY:
            made["created_by"] = self.created_by
        if self.kind in oracle.IN_A_CLOUD:
            made["cloud_ref"] = f"/api/cloud/?name={self.cloud}"
        return made


_REQUIRED: dict[str, dict[str, Any]] = {
    "sslkeyandcertificate": {"certificate": {"certificate": "PEM"}},
    "applicationprofile": {"type": "APPLICATION_PROFILE_TYPE_HTTP"},
    "applicationpersistenceprofile": {"persistence_type": "PERSISTENCE_TYPE_TLS"},
    "healthmonitor": {"type": "HEALTH_MONITOR_TCP"},
    "stringgroup": {"type": "SG_TYPE_STRING"},
}

REFERENCES: dict[tuple[str, str], Any] = {
    ("virtualservice", "vsvip"): lambda ref: {"vsvip_ref": ref},
    ("virtualservice", "virtualservice"): lambda ref: {
        "type": "VS_TYPE_VH_CHILD",
        "vh_parent_vs_ref": ref,
    },
    ("virtualservice", "pool"): lambda ref: {"pool_ref": ref},
    ("virtualservice", "poolgroup"): lambda ref: {"pool_group_ref": ref},
    ("virtualservice", "httppolicyset"): lambda ref: {
        "http_policies": [{"index": 1, "http_policy_set_ref": ref}]
    },
    ("virtualservice", "l4policyset"): lambda ref: {
        "l4_policies": [{"index": 1, "l4_policy_set_ref": ref}]
    },
    ("virtualservice", "vsdatascriptset"): lambda ref: {
        "vs_datascripts": [{"index": 1, "vs_datascript_set_ref": ref}]
    },
    ("virtualservice", "networksecuritypolicy"): lambda ref: {"network_security_policy_ref": ref},
    ("virtualservice", "applicationprofile"): lambda ref: {"application_profile_ref": ref},
    ("virtualservice", "sslkeyandcertificate"): lambda ref: {"ssl_key_and_certificate_refs": [ref]},
    ("poolgroup", "pool"): lambda ref: {"members": [{"pool_ref": ref}]},
    ("pool", "healthmonitor"): lambda ref: {"health_monitor_refs": [ref]},
    ("pool", "applicationpersistenceprofile"): lambda ref: {
        "application_persistence_profile_ref": ref
    },
    ("pool", "pkiprofile"): lambda ref: {"pki_profile_ref": ref},
    ("pool", "sslkeyandcertificate"): lambda ref: {"ssl_key_and_certificate_ref": ref},
    ("sslkeyandcertificate", "sslkeyandcertificate"): lambda ref: {"ca_certs": [{"ca_ref": ref}]},
    ("httppolicyset", "stringgroup"): lambda ref: {
        "http_request_policy": {
            "rules": [
                {
                    "index": 0,
                    "name": "r",
                    "match": {"path": {"match_criteria": "R", "string_group_refs": [ref]}},
                }
            ]
        }
    },
    ("vsdatascriptset", "poolgroup"): lambda ref: {"pool_group_refs": [ref]},
}
"""The ways in which a kind refers to another."""


def names(kind: str, cluster: str) -> st.SearchStrategy[str]:
    """Names that AKO of ``cluster`` gives, and some that only look so."""
    forms = [
        f"{cluster}--red-web",
        f"ako-gw-{cluster}--{oracle.hashed(kind)}",
        f"ako-crd-operator-{cluster}--web",
        f"{cluster}--Shared-L7-0",
        f"{cluster}-web",
        f"x{cluster}--web",
        f"web-{cluster}--",
    ]
    if kind == "stringgroup":
        forms.append(f"ako-{cluster}-{oracle.hashed('a')}")
        forms.append(f"ako-gw-{cluster}-red-{oracle.hashed('b')}")
    if kind == "sslkeyandcertificate":
        forms.append(f"istio-workload-{cluster}-red")
    if kind == "pkiprofile":
        forms.append(f"istio-pki-{cluster}-red")
    if kind == "applicationprofile":
        forms.append(f"{cluster}-proxy-applicationprofile")
    if kind == "healthmonitor":
        forms.append(f"{cluster}-tcphalfopen-healthmonitor")
    return st.sampled_from(forms)


def authors(cluster: str) -> st.SearchStrategy[str | None]:
    return st.sampled_from(
        [
            f"ako-{cluster}",
            f"ako-{cluster}-red",
            f"ako-gw-{cluster}",
            f"ako-gw-{cluster}-avi-system",
            f"ako-crd-operator-{cluster}",
            f"ako-crd-operator-{cluster}-red",
            f"AKO-{cluster}",
            "",
            None,
        ]
    )


@st.composite
def things(draw: st.DrawFn, clusters: tuple[str, ...] = CLUSTERS) -> Thing:
    """One object, most often as AKO makes it, else with marks of several clusters or none."""
    kind = draw(st.sampled_from(sorted(oracle.KINDS)))
    cluster = draw(st.sampled_from(clusters))
    tidy = draw(st.integers(0, 2)) > 0
    other = cluster if tidy else draw(st.sampled_from(clusters))
    third = cluster if tidy else draw(st.sampled_from(clusters))
    author = f"ako-{other}" if tidy else draw(authors(other))
    markers: list[tuple[str, tuple[str, ...]]] = []
    how = 0 if tidy else draw(st.integers(0, 4))
    if how in (0, 3):
        markers.append(("clustername", (third,)))
    if how == 1:
        markers.append(("clustername", (third, cluster)))
    if how == 4:
        markers.append(("Clustername", (third,)))
    if kind == "stringgroup" and author is not None:
        markers.append(("created_by", (author,)))
    markers.append(("Namespace", ("red",)))
    name = draw(names(kind, cluster))
    if tidy:
        name = f"ako-{cluster}-{oracle.hashed('z')}" if kind == "stringgroup" else f"{cluster}--a-b"
    return Thing(
        kind=kind,
        name=name,
        tenant=draw(st.sampled_from(TENANTS)),
        cloud=draw(st.sampled_from(CLOUDS if not tidy else CLOUDS[:1])),
        created_by=author,
        markers=tuple(markers),
    )


@st.composite
def inventories(draw: st.DrawFn, clusters: tuple[str, ...] = CLUSTERS) -> tuple[Thing, ...]:
    """Objects that refer to each other, across clusters now and then."""
    made: list[Thing] = []
    for number, thing in enumerate(draw(st.lists(things(clusters), max_size=14))):
        able = [
            place
            for place, other in enumerate(made)
            if (thing.kind, other.kind) in REFERENCES
            and other.tenant == thing.tenant
            and (other.kind not in oracle.IN_A_CLOUD or other.cloud == thing.cloud)
        ]
        refers = draw(st.lists(st.sampled_from(able), max_size=2, unique=True)) if able else []
        made.append(
            thing._replace(name=f"{thing.name}{_tail(thing, number)}", refers=tuple(refers))
        )
    return tuple(made)


def _tail(thing: Thing, number: int) -> str:
    """Makes names unique without taking their form away."""
    if thing.kind == "stringgroup" and thing.name[-40:].isalnum():
        return ""
    return f"-{number}"


def routes(cluster: str) -> st.SearchStrategy[dict[str, Any]]:
    """A static route, labelled or not, with ids of all releases."""

    def route(route_id: str, labels: list[tuple[str, str]], third: int) -> dict[str, Any]:
        return {
            "route_id": route_id,
            "prefix": {"ip_addr": {"addr": f"10.{third}.0.0", "type": "V4"}, "mask": 24},
            "next_hop": {"addr": "10.1.1.1", "type": "V4"},
            **({"labels": [{"key": k, "value": v} for k, v in labels]} if labels else {}),
        }

    ids = [f"{cluster}-1", f"{cluster}-{UUID4}-2", f"{cluster}-2-1", f"x-{cluster}-1", "1"]
    label = st.tuples(
        st.sampled_from(["clustername", "owner"]), st.sampled_from([cluster, "foo", "other"])
    )
    return st.builds(route, st.sampled_from(ids), st.lists(label, max_size=2), st.integers(0, 255))


@st.composite
def route_lists(draw: st.DrawFn) -> list[dict[str, Any]]:
    routes_of = st.sampled_from(CLUSTERS).flatmap(routes)
    return draw(st.lists(routes_of, max_size=6, unique_by=_route_id))


def _route_id(route: dict[str, Any]) -> str:
    return str(route["route_id"])


def label_lists() -> st.SearchStrategy[list[dict[str, str]]]:
    return st.lists(
        st.builds(
            lambda key, value: {"key": key, "value": value},
            st.sampled_from(["clustername", "team"]),
            st.sampled_from(CLUSTERS),
        ),
        max_size=3,
    )
