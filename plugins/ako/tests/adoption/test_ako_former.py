"""Patches of former owners: harmless, given back, and nothing for any other object."""

from __future__ import annotations

import datetime
from typing import Any

from akoo_ako.adoption import former
from akoo_ako.adoption.former import AkoFormerOwner, FormerObject
from akoo_ako.installs import recognise
from akoo_ako.installs.seen import Seen
from hypothesis import given
from hypothesis import strategies as st

from akoo_core.testing.memory import patch

UID = "u-1"
NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
LABELS = st.dictionaries(
    st.sampled_from(["name", "status", "version", "team"]), st.text(max_size=3)
)
RELEASES = st.builds(
    lambda labels: {
        "kind": "Secret",
        "metadata": {"uid": UID, "resourceVersion": "7", "labels": {**labels, "owner": "helm"}},
    },
    LABELS,
)
PACKAGES = st.builds(
    lambda spec: {
        "kind": "PackageInstall",
        "metadata": {"uid": UID, "resourceVersion": "7"},
        "spec": spec,
    },
    st.one_of(
        st.just({"serviceAccountName": "sa"}),
        st.just({"serviceAccountName": "sa", "paused": False}),
    ),
)
OBJECTS = st.one_of(RELEASES, PACKAGES)


def of(obj: dict[str, Any], uid: str = UID) -> FormerObject:
    paused = "false" if "paused" in obj.get("spec", {}) else "absent"
    return FormerObject(
        kind=obj["kind"],
        namespace="balancers",
        name="sh.helm.release.v1.ako.v1" if obj["kind"] == "Secret" else "ako",
        uid=uid,
        paused=paused,  # type: ignore[arg-type]
    )


@given(OBJECTS)
def test_made_harmless_and_given_back_it_is_as_before(obj: dict[str, Any]) -> None:
    mine = of(obj)
    harmless = patch.json_patch(obj, former.harmless(mine, obj))
    assert harmless != obj
    assert former.harmless(mine, harmless) == [], "twice is once"
    assert former.restored(mine, obj) == [], "it is as it was"
    assert patch.json_patch(harmless, former.restored(mine, harmless)) == obj


@given(OBJECTS)
def test_another_object_of_that_name_is_not_touched(obj: dict[str, Any]) -> None:
    other = of(obj, "u-2")
    assert former.harmless(other, obj) == []
    harmless = patch.json_patch(obj, former.harmless(of(obj), obj))
    assert former.restored(other, harmless) == []


@given(OBJECTS)
def test_an_object_that_changed_meanwhile_is_not_written(obj: dict[str, Any]) -> None:
    for key in ("uid", "resourceVersion"):
        changed = {**obj, "metadata": {**obj["metadata"], key: "another"}}
        try:
            patch.json_patch(changed, former.harmless(of(obj), obj))
        except patch.PatchError:
            continue
        raise AssertionError(f"written in spite of another {key}")


def test_the_label_of_another_owner_stays() -> None:
    obj = {"kind": "Secret", "metadata": {"uid": UID, "labels": {"owner": "team-a"}}}
    assert former.harmless(of(obj), obj) == []
    assert former.restored(of(obj), obj) == []


def test_a_release_with_a_name_like_another() -> None:
    """``ako`` and ``ako.v2`` are two releases."""
    metadata = {"name": "sh.helm.release.v1.ako.v2.v1", "namespace": "balancers"}
    labels = {"owner": "helm", "name": "ako.v2"}
    secret = {"kind": "Secret", "metadata": metadata | {"labels": labels}}
    owner = AkoFormerOwner(owner="Helm release balancers/ako", objects=(of({"kind": "Secret"}),))
    assert former.releases(owner) == {("Secret", "balancers", "ako")}
    assert former.reverted(owner, {}, [secret], [], NOW) == ""
    labels = {"owner": "helm", "name": "ako"}
    named = {**metadata, "name": "sh.helm.release.v1.ako.v3", "labels": labels}
    own = {"kind": "Secret", "metadata": named}
    assert "release balancers/ako" in former.reverted(owner, {}, [own], [], NOW)
    in_another_store = {"kind": "ConfigMap", "metadata": named}
    assert former.reverted(owner, {}, [in_another_store], [], NOW) == ""


def test_an_owner_without_objects_is_harmless() -> None:
    assert AkoFormerOwner().harmless
    owner = AkoFormerOwner(owner="x", objects=(of({"kind": "Secret"}),))
    assert not owner.harmless
    assert AkoFormerOwner(owner="x", objects=owner.objects, harmless_at=NOW).harmless


def test_objects_that_the_owner_wrote_count_for_two_intervals() -> None:
    package = of({"kind": "PackageInstall"})
    owner = AkoFormerOwner(owner="x", objects=(package,), harmless_at=NOW)
    metadata = {"uid": UID, "name": "ako", "namespace": "balancers"}

    def written(manager: str, **more: Any) -> str:
        entry = {"manager": manager, "time": "2025-12-31T23:50:00Z", **more}
        obj = {"kind": "StatefulSet", "metadata": metadata | {"managedFields": [entry]}}
        paused = {UID: {"spec": {"paused": True}}}
        return former.reverted(owner, paused, [], [obj], NOW)

    assert written("kapp") == "kapp wrote StatefulSet balancers/ako again"
    assert written("kapp", time="2025-12-31T23:40:00Z") == ""
    assert written("kapp", subresource="status") == ""
    assert written("kapp", time=None), "a write without a time may be of now"
    assert written("kubectl-edit", time=None) == ""
    assert written("kubectl-edit") == "", "a person is not the owner"
    assert written("helm") == "", "nor is the program of another one"


def made_by(*entries: dict[str, Any]) -> recognise.Install:
    metadata = {"name": "ako", "namespace": "balancers", "managedFields": list(entries)}
    return recognise.Install(
        kind="YAML", namespace="balancers", primary=True, stateful_set={"metadata": metadata}
    )


def entry(manager: str, operation: str = "Update", *, made: bool = True) -> dict[str, Any]:
    spec: dict[str, Any] = {"f:template": {}} | ({"f:selector": {}} if made else {})
    return {"manager": manager, "operation": operation, "fieldsV1": {"f:spec": spec}}


def test_the_manager_that_made_it_is_the_former_owners() -> None:
    seen = Seen(namespace="team-a", name="shop")
    rollout = entry("kubectl-rollout", made=False)
    nobody = former.of(made_by(rollout), seen, None)
    assert (nobody.manager, nobody.applies) == ("", False)
    assert former.program(nobody) == "kubectl"
    helm3 = former.of(made_by(rollout, entry("helm")), seen, None)
    assert (helm3.manager, helm3.applies) == ("helm", False)
    both = made_by(entry("helm", "Apply"), entry("helm"))
    helm4 = former.of(both, seen, None)
    assert (helm4.manager, helm4.applies) == ("helm", True)
    ours = former.of(made_by(entry("akoo-core", "Apply")), seen, helm4)
    assert (ours.manager, ours.applies) == ("helm", True), "it is kept"
    terraform = former.of(made_by(entry("Terraform", "Apply")), seen, None)
    assert former.program(terraform) == "Terraform"
