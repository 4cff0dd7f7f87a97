"""Ownership of objects: every rule by an example, and all of them against the oracle."""

from __future__ import annotations

from typing import Any

import hypothesis
import hypothesis.strategies as st
import pytest
from akoo_avi.ownership import kinds, labels, marks, references, routes
from akoo_avi.ownership import verdict as verdict_

from tests.avi import avi_hostile as hostile
from tests.avi import avi_oracle as oracle

X = "akoo-0123456789ab"
CLOUD = "cloud-1"
OURS = marks.Mark(cluster_name=X, cloud_uuid=CLOUD)


def made(**changes: Any) -> dict[str, Any]:
    """A pool as AKO of X makes it."""
    return {
        "name": f"{X}--red-web",
        "created_by": f"ako-{X}",
        "cloud_ref": f"https://avi/api/cloud/{CLOUD}#Default-Cloud",
        "markers": [{"key": "clustername", "values": [X]}],
    } | changes


def judged(kind: str = "pool", mark: marks.Mark = OURS, **changes: Any) -> str:
    return verdict_.judge(kind, made(**changes), mark).kind


def test_all_marks_together_make_it_own() -> None:
    verdict = verdict_.judge("pool", made(), OURS)
    assert verdict.kind == "own"
    assert verdict.why == (
        f"marker clustername is [{X}], created_by is ako-{X}, its name has the form of this "
        "cluster's, it is in our cloud"
    )


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"markers": []}, "its marker clustername is missing"),
        (
            {"markers": [{"key": "clustername", "values": [X, "other"]}]},
            f"its marker clustername is [{X}, other], not [{X}]",
        ),
        (
            {"markers": [{"key": "clustername", "values": [X]}] * 2},
            f"its marker clustername is [{X}] and [{X}], not [{X}]",
        ),
        ({"created_by": "ako-other"}, 'created_by "ako-other" is not of this cluster'),
        ({"created_by": None}, "no created_by"),
        ({"name": "web"}, "its name has not the form of this cluster's"),
        ({"name": f"dev-{X}--web"}, "its name has not the form of this cluster's"),
        ({"name": None}, "its name has not the form of this cluster's"),
        ({"cloud_ref": "https://avi/api/cloud/cloud-2#edge"}, "it is in cloud edge"),
        ({"cloud_ref": None}, "it is in no cloud"),
    ],
)
def test_one_mark_that_does_not_agree_makes_it_a_suspect(changes: Any, why: str) -> None:
    verdict = verdict_.judge("pool", made(**changes), OURS)
    assert verdict.kind == "suspect"
    assert why in verdict.why


def test_a_marker_that_names_another_settles_it() -> None:
    markers = [{"key": "clustername", "values": ["other"]}]
    verdict = verdict_.judge("pool", made(markers=markers), OURS)
    assert verdict == verdict_.Verdict("foreign", "its marker clustername names other")


def test_without_any_mark_it_is_foreign() -> None:
    assert judged(name="web", created_by="me", markers=[]) == "foreign"


def test_keys_of_markers_are_exact() -> None:
    markers = [{"key": "ClusterName", "values": [X]}]
    assert judged(markers=markers, name="web", created_by="me") == "foreign"


@pytest.mark.parametrize(
    "author", ["", "-red", "-avi-system"], ids=["primary", "secondary", "namespace"]
)
@pytest.mark.parametrize(("writer", "prefix"), [("ako-", ""), ("ako-gw-", "ako-gw-")])
def test_every_writer_is_known(writer: str, prefix: str, author: str) -> None:
    assert judged(name=f"{prefix}{X}--web", created_by=f"{writer}{X}{author}") == "own"


TOTAL = oracle.hashed("a")
OPERATOR = f"ako-crd-operator-{X}"
MADE = [
    *(
        (kind, f"{prefix}{X}--web", f"{author}{X}{ns}" if kind in oracle.WITH_CREATED_BY else None)
        for prefix, author, ns in (
            ("", "ako-", ""),
            ("", "ako-", "-red"),
            ("ako-gw-", "ako-gw-", "-avi-system"),
        )
        for kind in (
            "virtualservice",
            "vsvip",
            "pool",
            "poolgroup",
            "httppolicyset",
            "l4policyset",
            "vsdatascriptset",
            "sslkeyandcertificate",
            "pkiprofile",
            "applicationpersistenceprofile",
        )
    ),
    *(
        ("virtualservice", f"{X}--{name}", f"ako-{X}")
        for name in (
            "Shared-Passthrough-0",
            "Shared-Passthrough-gold-3-insecure",
            "avi-system-Shared-Passthrough-0",
            "gold-shop.example.com-L7-dedicated",
            "Shared-L7-gold-0",
            "Shared-L7-EVH-gold-NS-red",
            f"{TOTAL}-EVH",
        )
    ),
    ("vsvip", f"{X}--Shared-Passthrough-gold-0", None),
    ("poolgroup", f"{X}--gold-pass.example.com", f"ako-{X}"),
    ("pool", f"{X}--gold-pass.example.com-web", f"ako-{X}"),
    ("applicationpersistenceprofile", f"ako-gw-{X}--{TOTAL}", None),
    ("sslkeyandcertificate", f"istio-workload-{X}-avi-system", f"ako-{X}"),
    ("pkiprofile", f"istio-pki-{X}-avi-system", f"ako-{X}"),
    ("healthmonitor", f"{OPERATOR}--{TOTAL}", None),
    ("applicationprofile", f"{OPERATOR}--{TOTAL}", None),
    ("pkiprofile", f"{OPERATOR}--{TOTAL}", OPERATOR),
]
"""Kind, name and created_by as AKO, its gateway container and ako-crd-operator send them."""


@pytest.mark.parametrize(("kind", "name", "author"), MADE)
def test_what_each_writer_sends_is_own(kind: str, name: str, author: str | None) -> None:
    assert judged(kind, name=name, created_by=author) == "own"


@pytest.mark.parametrize(("kind", "name", "author"), [case for case in MADE if case[2]])
@pytest.mark.parametrize("other", [f"ako-{X}", f"ako-gw-{X}", OPERATOR, "", "me"])
def test_the_author_of_another_writer_makes_a_suspect(
    kind: str, name: str, author: str, other: str
) -> None:
    same = author.startswith(other) and other and not author.startswith(f"{other}gw-")
    expected = "own" if same and other != "me" else "suspect"
    assert judged(kind, name=name, created_by=other) == expected


@pytest.mark.parametrize("kind", ["virtualservice", "pool", "sslkeyandcertificate", "vsvip"])
def test_a_kind_that_the_operator_does_not_make_is_a_suspect(kind: str) -> None:
    assert judged(kind, name=f"{OPERATOR}--{TOTAL}", created_by=OPERATOR) == "suspect"


def test_a_profile_of_the_operator_may_name_it_and_nobody_else() -> None:
    name = f"{OPERATOR}--{TOTAL}"
    assert judged("applicationprofile", name=name, created_by=OPERATOR) == "own"
    assert judged("applicationprofile", name=name, created_by=f"ako-{X}") == "suspect"
    assert judged("applicationprofile", name=name, created_by="me") == "suspect"
    assert judged("applicationprofile", name=f"{X}--{TOTAL}", created_by=None) == "suspect"


def test_what_no_ako_makes_is_a_suspect() -> None:
    verdict = verdict_.judge("networksecuritypolicy", made(), OURS)
    assert verdict == verdict_.Verdict("suspect", "no AKO makes a NetworkSecurityPolicy")


@pytest.mark.parametrize(
    ("kind", "name", "author"),
    [
        ("applicationprofile", f"{X}-proxy-applicationprofile", f"ako-{X}"),
        ("healthmonitor", f"{X}-tcphalfopen-healthmonitor", None),
    ],
)
def test_what_ako_makes_without_a_marker_is_a_suspect(
    kind: str, name: str, author: str | None
) -> None:
    assert judged(kind, name=name, created_by=author, markers=[]) == "suspect"


@pytest.mark.parametrize("author", [f"ako-{X}2", f"ako-{X}-", f"ako-{X}-Red", f"xako-{X}", f"{X}"])
def test_no_part_of_created_by_is_enough(author: str) -> None:
    assert judged(created_by=author) == "suspect"


@pytest.mark.parametrize("kind", ["vsvip", "applicationpersistenceprofile", "healthmonitor"])
def test_kinds_without_created_by_do_without(kind: str) -> None:
    assert judged(kind, created_by=None) == "own"


@pytest.mark.parametrize("kind", sorted(oracle.WITH_CREATED_BY - oracle.OF_NOBODY))
def test_kinds_with_created_by_need_it(kind: str) -> None:
    assert judged(kind) == "own"
    assert judged(kind, created_by="") == "suspect"


def group(created_by: str, name: str) -> str:
    markers = [
        {"key": "clustername", "values": [X]},
        {"key": "created_by", "values": [created_by]},
    ]
    return judged("stringgroup", created_by=None, name=name, markers=markers)


def test_a_string_group_has_the_author_in_a_marker() -> None:
    total = oracle.hashed("a")
    assert group(f"ako-{X}", f"ako-{X}-{total}") == "own"
    assert group(f"ako-gw-{X}-red", f"ako-gw-{X}-red-{total}") == "own"
    assert group("ako-other", f"ako-{X}-{total}") == "suspect"
    assert group(f"ako-{X}", f"ako-{X}-{total[1:]}") == "suspect"
    assert judged("stringgroup", name=f"ako-{X}-{total}") == "suspect"


def test_names_of_istio_count_for_their_kinds_only() -> None:
    assert judged("pkiprofile", name=f"istio-pki-{X}-red") == "own"
    assert judged("sslkeyandcertificate", name=f"istio-workload-{X}-red") == "own"
    assert judged("pool", name=f"istio-pki-{X}-red") == "suspect"


def test_a_name_that_others_have_too_makes_suspects_only() -> None:
    shared = marks.Mark(cluster_name=X, cloud_uuid=CLOUD, exclusive=False)
    assert judged(mark=shared) == "suspect"


def test_any_cloud_can_be_meant() -> None:
    anywhere = marks.Mark(cluster_name=X, cloud_uuid="")
    assert judged(mark=anywhere, cloud_ref="https://avi/api/cloud/cloud-2#edge") == "own"


@pytest.mark.parametrize("name", ["", "a b", "a/b", ".*", "a\n"])
def test_what_akos_cannot_be_called_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not a name that AKO gives"):
        marks.Mark(cluster_name=name, cloud_uuid=CLOUD)


def test_a_kind_that_is_not_known_is_not_judged() -> None:
    with pytest.raises(KeyError):
        verdict_.judge("gslbservice", made(), OURS)


@pytest.mark.parametrize("other", hostile.CLUSTERS)
@pytest.mark.parametrize("cluster", hostile.CLUSTERS)
def test_neighbours_with_hostile_names_are_foreign(cluster: str, other: str) -> None:
    """Whole objects of one are never own or suspect for another."""
    mark = marks.Mark(cluster_name=cluster, cloud_uuid=CLOUD)
    for kind in sorted(oracle.KINDS):
        for maker in oracle.MAKERS:
            author, prefix = f"{maker}{other}", "" if maker == "ako-" else maker
            hashed = f"{author}-{oracle.hashed('a')}"
            theirs = made(
                name=hashed if kind == "stringgroup" else f"{prefix}{other}--a",
                created_by=author,
                markers=[
                    {"key": "clustername", "values": [other]},
                    {"key": "created_by", "values": [author]},
                ],
            )
            stored = {**theirs, "cloud_ref": CLOUD}
            expected = oracle.whose(kind, stored, other, CLOUD) if cluster == other else "foreign"
            assert verdict_.judge(kind, theirs, mark).kind == expected


@hypothesis.settings(max_examples=600, deadline=None)
@hypothesis.given(hostile.things(), st.sampled_from(hostile.CLUSTERS))
def test_the_oracle_says_the_same(thing: hostile.Thing, cluster: str) -> None:
    stored = {**thing.body()}
    shown = {**stored}
    if "cloud_ref" in stored:
        stored["cloud_ref"] = thing.cloud
        shown["cloud_ref"] = f"https://avi/api/cloud/{thing.cloud}#{thing.cloud}"
    mark = marks.Mark(cluster_name=cluster, cloud_uuid="Default-Cloud")
    verdict = verdict_.judge(thing.kind, shown, mark)
    assert verdict.kind == oracle.whose(thing.kind, stored, cluster, "Default-Cloud")


@hypothesis.settings(max_examples=300, deadline=None)
@hypothesis.given(hostile.route_lists(), st.sampled_from(hostile.CLUSTERS), st.booleans())
def test_routes_as_the_oracle_counts_them(static_routes: Any, cluster: str, here: bool) -> None:
    mark = marks.Mark(cluster_name=cluster, cloud_uuid=CLOUD)
    data = {
        "static_routes": static_routes,
        "cloud_ref": CLOUD if here else "cloud-2",
        "name": "global",
    }
    counted = dict(oracle._entries("vrfcontext", data, cluster, CLOUD))
    expected = [oracle_kind for oracle_kind in counted.values() if oracle_kind != "foreign"]
    entries = routes.entries(data, mark, our_cloud=here)
    assert sorted(entry.verdict.kind for entry in entries) == sorted(expected)
    left = routes.without_own(data, mark, our_cloud=here)
    kept = [
        route
        for route, verdict in zip(static_routes, counted.values(), strict=True)
        if verdict != "own"
    ]
    assert left == ({**data, "static_routes": kept} if len(kept) < len(static_routes) else None)


@hypothesis.given(hostile.label_lists(), st.sampled_from(hostile.CLUSTERS), st.booleans())
def test_labels_as_the_oracle_counts_them(present: Any, cluster: str, here: bool) -> None:
    mark = marks.Mark(cluster_name=cluster, cloud_uuid=CLOUD)
    data = {"labels": present, "cloud_ref": CLOUD if here else "cloud-2", "name": "seg"}
    ours = {"key": "clustername", "value": cluster}
    kept = [label for label in present if label != ours or not here]
    left = labels.without_own(data, mark, our_cloud=here)
    assert left == ({**data, "labels": kept} if len(kept) < len(present) else None)
    entries = labels.entries(data, mark, our_cloud=here)
    counted = [entry[1] for entry in oracle._entries("serviceenginegroup", data, cluster, CLOUD)]
    assert [entry.verdict.kind for entry in entries] == counted


@pytest.mark.parametrize(
    ("route_id", "ours"),
    [
        ("c-1", True),
        (f"c-{hostile.UUID4}-0", True),
        ("c-2-1", False),
        ("c2-1", False),
        ("x-c-1", False),
        ("c-", False),
        ("c-1x", False),
        (f"c-{hostile.UUID4}", False),
        (f"c-{hostile.UUID4.replace('-4c', '-1c')}-0", False),
    ],
)
def test_ids_of_unlabelled_routes_are_matched_whole(route_id: str, ours: bool) -> None:
    mark = marks.Mark(cluster_name="c", cloud_uuid=CLOUD)
    verdict = routes.judge({"route_id": route_id}, mark, our_cloud=True)
    assert (verdict.kind == "own") == ours


def test_a_shared_name_spares_routes_and_labels() -> None:
    mark = marks.Mark(cluster_name="c", cloud_uuid=CLOUD, exclusive=False)
    label = {"key": "clustername", "value": "c"}
    assert routes.judge({"route_id": "c-1"}, mark, our_cloud=True).kind == "suspect"
    assert labels.judge(label, mark, our_cloud=True).kind == "suspect"


def test_kinds_are_those_of_the_oracle() -> None:
    assert {kind.path for kind in kinds.KINDS} == oracle.KINDS
    assert {kind.path for kind in kinds.KINDS if kind.has_created_by} == oracle.WITH_CREATED_BY
    assert {kind.path for kind in kinds.KINDS if kind.cloud_scoped} == oracle.IN_A_CLOUD


@pytest.mark.parametrize(
    ("reference", "key", "name"),
    [
        ("https://avi/api/pool/pool-1#web", ("pool", "pool-1"), "web"),
        ("/api/pool/pool-1", ("pool", "pool-1"), "pool-1"),
        ("https://avi/api/pool/pool-1#a/b?c", ("pool", "pool-1"), "a/b?c"),
        ("/api/pool/?name=web", None, ""),
        ("pool-1", None, ""),
        (None, None, ""),
    ],
)
def test_references(reference: Any, key: Any, name: str) -> None:
    assert references.key_of(reference) == key
    assert references.name_of(reference) == name


def test_only_fields_that_are_references_refer() -> None:
    body = {
        "name": "/api/pool/not-1",
        "pool_ref": "/api/pool/pool-1#a",
        "rules": [{"action": {"string_group_refs": ["/api/stringgroup/sg-1"], "x": None}}],
        "vh_parent_vs_uuid": "virtualservice-1",
        "error_page_profile_ref": "",
    }
    assert references.targets(body) == {
        ("pool", "pool-1"),
        ("stringgroup", "sg-1"),
        ("virtualservice", "virtualservice-1"),
    }
