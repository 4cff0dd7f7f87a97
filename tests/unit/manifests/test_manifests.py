"""`akoo-core manifests`: everything that a management cluster needs, from one command."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
import yaml

from akoo_core import __main__ as command
from akoo_core import errors
from akoo_core.manifests import packaged, people, render
from akoo_core.plugin import api
from hack import generate

ROOT = pathlib.Path(__file__).parents[3]
IMAGE = "registry.example.com/akoo-core:1"

Object = dict[str, Any]
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[Object]:
    assert command.run(["manifests", *arguments]) == 0
    return list(yaml.load_all(capsys.readouterr().out, Loader=LOADER))


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert command.run(["manifests", *arguments]) == 2
    return capsys.readouterr().err


def named(objects: list[Object]) -> list[tuple[str, str]]:
    return [(each["kind"], each["metadata"]["name"]) for each in objects]


def only(objects: list[Object], kind: str) -> Object:
    (chosen,) = (each for each in objects if each["kind"] == kind)
    return chosen


def test_all_is_the_sum_of_its_parts(capsys: pytest.CaptureFixture[str]) -> None:
    whole = named(printed(capsys, "--image", IMAGE))
    parts = [
        each
        for part in ("crds", "rbac", "policies", "deployment")
        for each in named(printed(capsys, part, "--image", IMAGE))
    ]
    assert whole == [("Namespace", "akoo-system"), *parts]
    assert len(set(whole)) == len(whole)


def test_monitoring_is_a_part_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    folder = ROOT / "deploy/monitoring"
    monitor, rule = printed(capsys, "monitoring", "--plugins", "ako,avi,tenancy,vsphere")
    assert monitor == yaml.load((folder / "podmonitor.yaml").read_text(), Loader=LOADER)
    whole = yaml.load((folder / "prometheusrule.yaml").read_text(), Loader=LOADER)
    by_name = {group["name"]: group for group in whole["spec"]["groups"]}
    assert {group["name"]: group for group in rule["spec"]["groups"]} == by_name
    words = ("--install-namespace", "lb", "--runbooks", "https://wiki.example/runbooks")
    monitor, rule = printed(capsys, "monitoring", "--plugins", "ako,avi", *words)
    assert {each["metadata"]["namespace"] for each in (monitor, rule)} == {"lb"}
    rules = [each for group in rule["spec"]["groups"] for each in group["rules"]]
    assert "AkooCredentialOld" not in {each["alert"] for each in rules}
    assert {each["annotations"]["runbook_url"].rpartition("/")[0] for each in rules} == {words[-1]}


def test_definitions_and_accounts_come_before_those_that_need_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    kinds = [each["kind"] for each in printed(capsys, "--image", IMAGE)]
    order = ["Namespace", "CustomResourceDefinition", "ServiceAccount", "ClusterRole", "Deployment"]
    assert [kinds.index(kind) for kind in order] == sorted(kinds.index(kind) for kind in order)


@pytest.mark.parametrize(
    ("plugins", "kinds"),
    [
        ("none", set[str]()),
        ("ako", set[str]()),
        ("ako,avi", {"avicontrollers", "aviippools"}),
        ("vsphere", {"vsphereconnections", "vsphereportgroups"}),
    ],
)
def test_a_plugin_brings_the_definitions_of_its_kinds(
    plugins: str, kinds: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    made = printed(capsys, "crds", "--plugins", plugins)
    own = {"akodeploymentconfigs", "akodeployments"}
    assert {each["spec"]["names"]["plural"] for each in made} == own | kinds
    roles = printed(capsys, "rbac", "--plugins", plugins)
    (view,) = (each for each in roles if each["metadata"]["name"] == "akoo-core-view")
    readable = {name for rule in view["rules"] for name in rule["resources"]}
    assert readable == own | kinds | {"clusters"}


def test_without_a_choice_ako_is_deployed_and_proven_gone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    made = printed(capsys, "--image", IMAGE)
    settings = yaml.safe_load(only(made, "ConfigMap")["data"]["config.yaml"])
    assert settings == {"enabledPlugins": ["ako", "avi"], "health": {"port": 8081}}
    assert made == printed(capsys, "--image", IMAGE, "--plugins", "ako,avi")


@pytest.mark.parametrize("namespace", ["lb", "akoo", "akoo-system-2"])
def test_another_namespace_is_named_everywhere(namespace: str) -> None:
    installation = render.Installation(generate.plugins("ako,avi"), namespace, IMAGE)
    made = render.objects(installation)
    text = render.text(made).replace(namespace, "\0")
    assert "akoo-system" not in text
    account = f"system:serviceaccount:{namespace}:akoo-core"
    assert account in render.text(each for each in made if "Policy" in each["kind"])
    subjects = [
        each["subjects"] for each in made if each["kind"].endswith("Binding") and "subjects" in each
    ]
    assert [subject["namespace"] for (subject,) in subjects] == [namespace, namespace]


def test_the_deployment_needs_an_image(capsys: pytest.CaptureFixture[str]) -> None:
    for part in ("all", "deployment"):
        assert "--image REGISTRY/akoo-core:TAG" in refused(capsys, part)
    container = only(printed(capsys, "--image", IMAGE), "Deployment")["spec"]["template"]["spec"]
    assert container["containers"][0]["image"] == IMAGE


@pytest.mark.parametrize("image", ["https://example.com/akoo-core:1", "akoo core", "a@md5:1"])
def test_a_text_that_is_no_image_is_refused(image: str, capsys: pytest.CaptureFixture[str]) -> None:
    problem = f"akoo-core: --image: {image!r} is no image. Write REGISTRY/akoo-core:TAG"
    assert refused(capsys, "--image", image).startswith(problem)


@pytest.mark.parametrize(
    "image",
    [
        "akoo-core",
        "example.com:5000/a/akoo-core:0.1.0@sha256:" + "0" * 64,
        "a/b@sha256:" + "f" * 64,
    ],
)
def test_an_image_may_have_port_tag_and_digest(
    image: str, capsys: pytest.CaptureFixture[str]
) -> None:
    made = only(printed(capsys, "deployment", "--image", image), "Deployment")
    assert made["spec"]["template"]["spec"]["containers"][0]["image"] == image


def test_a_name_that_is_no_namespace_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    for part in ("all", "crds"):
        assert "operatorNamespace: must match" in refused(
            capsys, part, "--image", IMAGE, "--install-namespace", "Load_Balancers"
        )


def test_changed_settings_roll_the_deployment(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "settings.yaml"
    text = "enabledPlugins: [ako]\nworkers: 3\n"
    file.write_text(text)
    made = printed(capsys, "--image", IMAGE, "--settings", str(file))
    assert only(made, "ConfigMap")["data"] == {"config.yaml": text}
    assert "avicontrollers" not in str(made)

    def template(objects: list[Object]) -> Object:
        pods: Object = only(objects, "Deployment")["spec"]["template"]
        return pods

    before = template(printed(capsys, "--image", IMAGE))
    after = template(made)
    assert before["metadata"]["annotations"] != after["metadata"]["annotations"]
    assert before["spec"] == after["spec"]


def test_settings_that_the_operator_would_refuse_are_refused(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("enabledPlugins: [ako]\nwrokers: 3\n")
    assert "wrokers" in refused(capsys, "--image", IMAGE, "--settings", str(file))
    file.write_text("enabledPlugins: [ako]\n")
    both = refused(capsys, "--image", IMAGE, "--settings", str(file), "--plugins", "ako")
    assert "exclude each other" in both


def test_deploy_is_made_of_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    for path, text in generate.files().items():
        file = ROOT / "deploy" / path
        assert file.read_text() == text, (
            f"deploy/{path} differs. If you edited it, edit its source (akoo_core/manifests or the "
            "plugin's manifests/) instead; then call `make generate`"
        )
    for path, text in generate.documents().items():
        assert (ROOT / "docs" / path).read_text() == text, (
            f"docs/{path} differs. Edit what it is made of; then call `make generate`"
        )
    made = {str(path.relative_to(ROOT / "deploy")) for path in (ROOT / "deploy/crds").iterdir()}
    assert made == {path for path in generate.files() if path.startswith("crds/")}


class NoFolder(api.Plugin):
    manifests = "akoo_core.manifests:nothing"


class NoPackage(api.Plugin):
    manifests = "akoo_there_is_none:manifests"


@pytest.mark.parametrize("kind", [NoFolder, NoPackage])
def test_manifests_that_are_not_in_the_wheel_are_named(kind: type[api.Plugin]) -> None:
    with pytest.raises(errors.InputError, match=kind.manifests):
        packaged.plugin_folder(kind)


@pytest.mark.parametrize(
    "text",
    [
        "a: [",
        "- 1\n",
        "kind: X\n",
        "apiVersion: v1\nkind: X\n",
        "apiVersion: v1\nkind: X\nmetadata: {}\n",
    ],
)
def test_a_file_that_is_no_manifest_is_named(text: str, tmp_path: pathlib.Path) -> None:
    (tmp_path / "broken.yaml").write_text(text)
    with pytest.raises(errors.InputError, match=r"broken\.yaml"):
        packaged.read(tmp_path)


def test_people_may_not_read_secrets() -> None:
    roles = people.roles([])
    assert "secrets" not in str(roles)
