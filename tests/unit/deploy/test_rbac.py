"""The rights that are installed are those that the code declares."""

from __future__ import annotations

import pathlib
import re
from typing import Any

import yaml

from akoo_core.cli import management
from akoo_core.kube import resource, statuses
from akoo_core.kube.access import kubefiles

RENDERED = pathlib.Path(__file__).parents[3] / "deploy" / "rbac" / "clusterrole.yaml"


USERS = RENDERED.with_name("users.yaml")
AGGREGATE = "rbac.authorization.k8s.io/aggregate-to-"


def user_roles() -> dict[str, dict[str, Any]]:
    roles = yaml.safe_load_all(USERS.read_text())
    return {role["metadata"]["name"]: role for role in roles}


def allowed(role: dict[str, Any], kind: resource.Resource) -> set[str]:
    return {
        verb
        for rule in role["rules"]
        if kind.group in rule["apiGroups"] and kind.plural in rule["resources"]
        for verb in rule["verbs"]
    }


def test_people_have_roles_that_are_part_of_view_edit_and_admin() -> None:
    roles = user_roles()
    parts = {
        name: {
            label.removeprefix(AGGREGATE)
            for label, value in role["metadata"]["labels"].items()
            if label.startswith(AGGREGATE) and value == "true"
        }
        for name, role in roles.items()
    }
    assert parts == {
        "akoo-core-view": {"view", "edit", "admin"},
        "akoo-core-edit": {"edit", "admin"},
    }


def test_roles_of_people_cover_every_kind_of_ours_and_no_secret() -> None:
    roles, folder = user_roles(), RENDERED.parents[1] / "crds"
    for file in sorted(folder.glob("*s.yaml")):
        spec = yaml.safe_load(file.read_text())["spec"]
        kind = resource.Resource(spec["group"], "", spec["names"]["plural"], "")
        assert allowed(roles["akoo-core-view"], kind) == {"get", "list", "watch"}, file.name
        assert "patch" in allowed(roles["akoo-core-edit"], kind), file.name
    assert allowed(roles["akoo-core-view"], resource.CLUSTERS) == {"get", "list", "watch"}
    assert allowed(roles["akoo-core-edit"], resource.AKO_DEPLOYMENTS) == {"patch"}
    assert not any(allowed(role, resource.SECRETS) for role in roles.values())


def test_a_message_about_missing_rights_names_roles_that_there_are() -> None:
    named = set(re.findall(r"akoo-core-\w+", statuses.PERSON_ROLE))
    assert named == set(user_roles())


async def test_a_person_who_lacks_rights_reads_so(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "config"
    cluster = {"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}
    context = {"name": "c", "context": {"cluster": "c", "user": "u"}}
    user = {"name": "u", "user": {"token": "t"}}
    document = {"clusters": [cluster], "contexts": [context], "users": [user]}
    file.write_text(yaml.safe_dump(document | {"current-context": "c"}))
    kube = await management.connect(kubefiles.KubeconfigChoice(str(file)))
    try:
        assert kube.transport._caller._role == statuses.PERSON_ROLE  # type: ignore[attr-defined]
    finally:
        await kube.close()
