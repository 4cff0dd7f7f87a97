"""The request to give an adopted AKO back, and the patch that takes our marks off; both pure."""

from __future__ import annotations

from typing import Any

import pytest
from akoo_ako.adoption import hand_back, request
from akoo_ako.plugin import AkoPlugin
from hypothesis import given
from hypothesis import strategies as st

from akoo_core import structs
from akoo_core.kube.client import Page
from akoo_core.objects import names, record
from akoo_core.plugin.kube import STATEFUL_SETS, KubeClient, ServerError
from akoo_core.testing import memory
from akoo_core.testing.memory import patch

LABELS = st.dictionaries(
    st.sampled_from([names.MANAGED_BY_LABEL, "app.kubernetes.io/name", "team"]),
    st.text(min_size=1, max_size=3),
)
OURS = {names.MANAGED_BY_LABEL: names.MANAGED_BY, names.RECORD_LABEL: "akoo-1"}


def adopted(**labels: str) -> dict[str, Any]:
    metadata = {"name": "ako", "uid": "u-1", "resourceVersion": "7", "labels": labels | OURS}
    entries = [
        {"manager": "akoo-core", "operation": "Apply", "fieldsV1": {"f:spec": {"f:x": {}}}},
        {"manager": "akoo-core", "operation": "Update", "fieldsV1": {"f:spec": {"f:y": {}}}},
        {"manager": "kube-controller-manager", "operation": "Update", "subresource": "status"},
    ]
    return {"kind": "StatefulSet", "metadata": metadata | {"managedFields": entries}}


@given(LABELS, st.sampled_from(["Apply", "Update"]))
def test_the_labels_are_as_they_were(labels: dict[str, str], operation: Any) -> None:
    live = adopted(**labels)
    manifest = {"kind": "StatefulSet", "metadata": {"name": "ako", "labels": labels}}
    change = hand_back.unmarked(live, manifest, "akoo-1", "helm", operation=operation)
    after = patch.merge_patch(live, change)
    assert after["metadata"]["labels"] == labels
    controller, owner = after["metadata"]["managedFields"]
    assert controller["manager"] == "kube-controller-manager"
    assert (owner["manager"], owner["operation"]) == ("helm", operation)
    assert owner["fieldsV1"] == {"f:spec": {"f:x": {}, "f:y": {}}}
    assert hand_back.unmarked(after, manifest, "akoo-1", "helm") is None, "twice is once"


def test_an_object_of_another_record_is_not_touched() -> None:
    manifest = {"kind": "StatefulSet", "metadata": {"name": "ako"}}
    assert hand_back.unmarked(adopted(), manifest, "akoo-2", "helm") is None


@pytest.mark.parametrize(
    "answer",
    [
        {"spec": "x"},
        {"metadata": {"name": "ako", "labels": {"team": 7}}},
        {"metadata": {"name": "ako", "managedFields": [7]}},
    ],
)
async def test_an_answer_of_wrong_type_is_a_typed_error(
    monkeypatch: pytest.MonkeyPatch, answer: structs.JSON
) -> None:
    async def listing(*_: Any, **query: Any) -> Page:
        assert query["limit"] == 1
        return Page([answer], "1", "")

    monkeypatch.setattr(KubeClient, "list", listing)
    kube = memory.MemoryServer().client()
    manifest = {"kind": "StatefulSet", "metadata": {"name": "ako", "namespace": "avi-system"}}
    with pytest.raises(ServerError, match="StatefulSet"):
        await hand_back._read(kube, STATEFUL_SETS, manifest)


def test_only_an_adopted_ako_is_given_back(build: Any) -> None:
    refusal = request.HAND_BACK.refusal
    assert refusal is not None
    spec = build.view().spec
    mine = record.Record(
        name="akoo-1", uid="u-1", resource_version="1", created=build.now, spec=spec
    )
    assert "team-a/shop: its AKO was not adopted" in refusal(mine, frozenset())
    owner = record.StoredFact(plugin="ako", version=1, data={})
    spec = structs.replace(
        spec,
        adoption=record.Adoption(started_at=build.now),
        facts={"AkoFormerOwner": owner},
    )
    assert refusal(structs.replace(mine, spec=spec), frozenset()) == ""
    gone = structs.replace(spec, orphaned=record.Orphaned(cause="UserWord", at=build.now))
    assert "not managed any more" in refusal(structs.replace(mine, spec=gone), frozenset())


def test_the_plugin_declares_its_request() -> None:
    assert AkoPlugin.annotations == (request.HAND_BACK,)
