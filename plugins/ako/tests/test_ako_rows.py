"""Releases that the settings describe: rendered, marked as unverified, kept when a row goes."""

from __future__ import annotations

from typing import Any

import pytest
from akoo_ako import images, options, settings
from akoo_ako.plugin import AkoPlugin
from akoo_ako.releases import loading, stored
from akoo_ako.releases.release import Image, Images
from akoo_ako.rendering import crds
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from akoo_core import errors
from akoo_core import settings as core_settings
from akoo_core.objects import record
from akoo_core.plugin import api, structs

ROW: dict[str, Any] = {
    "version": "2.2.1",
    "like": "2.1.1",
    "kubernetes": {"min": "1.33", "max": "1.36"},
    "avi": {"min": "30.1.1", "max": "32.1.4"},
    "keys": {
        "add": [
            {"name": "enableAutogw", "env": "ENABLE_AUTOGW", "default": "false"},
            {"name": "streamer", "default": "off", "gateway": True},
        ],
        "remove": ["enableMCI"],
    },
    "rules": {"add": [{"apiGroups": ["x"], "resources": ["y"], "verbs": ["get"]}]},
    "images": {"ako": {"repository": "mirror.example.com/ako", "tag": "2.2.1-p1"}},
}


def of_rows(*rows: dict[str, Any], **more: Any) -> settings.Settings:
    return core_settings.decode(
        {"releases": list(rows), **more}, settings.Settings, path="plugins.ako"
    )


def intended(plugin: AkoPlugin, view: api.View) -> api.Intent:
    answer = plugin.intend(view)
    assert isinstance(answer, api.Intent), answer
    return answer


def contributed(plugin: AkoPlugin, view: api.View) -> api.Contribution:
    answer = plugin.contribute(view)
    assert isinstance(answer, api.Contribution), answer
    return answer


def of_kind(contribution: api.Contribution, kind: str) -> dict[str, Any]:
    (obj,) = (each for each in contribution.objects if each["kind"] == kind)
    return obj


def kept(build: Any, intent: api.Intent, version: str = "2.2.1") -> api.View:
    """The cluster at its next attempt: the intent as it is stored in the record."""
    intents = {"ako": record.StoredIntent(version=1, data=structs.to_plain(intent.data))}
    view: api.View = build.view(ako_options=options.Options(version=version), intents=intents)
    return view


def wanted(build: Any, version: str = "2.2.1", **more: Any) -> api.View:
    view: api.View = build.view(ako_options=options.Options(version=version, **more))
    return view


def test_a_row_is_rendered(build: Any) -> None:
    contribution = contributed(AkoPlugin(of_rows(ROW)), wanted(build))
    data = of_kind(contribution, "ConfigMap")["data"]
    assert (data["enableAutogw"], data["streamer"]) == ("false", "off")
    assert "enableMCI" not in data
    (container,) = of_kind(contribution, "StatefulSet")["spec"]["template"]["spec"]["containers"]
    variables = {variable["name"]: variable for variable in container["env"]}
    assert variables["ENABLE_AUTOGW"]["valueFrom"]["configMapKeyRef"]["key"] == "enableAutogw"
    assert "MCI_ENABLED" not in variables
    assert container["image"] == "mirror.example.com/ako:2.2.1-p1"
    rules = of_kind(contribution, "ClusterRole")["rules"]
    assert {"apiGroups": ["x"], "resources": ["y"], "verbs": ["get"]} in rules


def test_definitions_of_others_are_needed_and_not_rendered(build: Any) -> None:
    for row, external in ((ROW, True), ({**ROW, "definitions": "Like"}, False)):
        contribution = contributed(AkoPlugin(of_rows(row)), wanted(build))
        rendered = [
            obj["metadata"]["name"]
            for obj in contribution.objects
            if obj["kind"] == "CustomResourceDefinition"
        ]
        assert (contribution.definitions == crds.NEEDED) is external
        assert (rendered == []) is external
    assert contributed(AkoPlugin(), wanted(build, "2.1.1")).definitions == ()
    assert "hostrules.ako.vmware.com" in crds.NEEDED


def test_a_cluster_with_a_row_says_so(build: Any) -> None:
    plugin = AkoPlugin(of_rows(ROW))
    (condition,) = intended(plugin, wanted(build)).conditions
    assert (condition.type, condition.reason) == ("ReleaseUnverified", "DescribedByRow")
    assert "AKO 2.2.1 is not built in" in condition.message
    assert intended(plugin, wanted(build, "2.1.1")).conditions == ()
    assert set(AkoPlugin.conditions) == {"ReleaseUnverified", "UpgradeBreaksAko"}


def test_a_row_that_goes_stays_in_the_records_that_use_it(build: Any) -> None:
    before = AkoPlugin(of_rows(ROW))
    intent = intended(before, wanted(build))
    after = AkoPlugin()
    for version in ("2.2.1", ""):
        view = kept(build, intent, version)
        again = intended(after, view)
        (condition,) = again.conditions
        assert (condition.type, condition.reason) == ("ReleaseUnverified", "RowRemoved")
        assert again.data == intent.data
        assert contributed(after, view) == contributed(before, wanted(build))
    refused = after.intend(wanted(build))
    assert isinstance(refused, api.Blocked)
    assert refused.reason == "AkoVersionUnsupported"


def test_the_row_of_the_settings_goes_before_the_copy(build: Any) -> None:
    intent = intended(AkoPlugin(of_rows(ROW)), wanted(build))
    changed = AkoPlugin(of_rows({**ROW, "keys": {"remove": ["vrfName"]}}))
    view = kept(build, intent)
    (condition,) = intended(changed, view).conditions
    assert condition.reason == "DescribedByRow"
    assert "vrfName" not in of_kind(contributed(changed, view), "ConfigMap")["data"]


@pytest.mark.parametrize("copy", [{}, {"like": "1.0.0"}, {"version": 3}, "text"])
def test_a_copy_that_cannot_be_read_is_no_release(build: Any, copy: Any) -> None:
    intent = api.Intent(data={"version": "2.2.1", stored.ROW: copy})
    answer = AkoPlugin().intend(kept(build, intent))
    assert isinstance(answer, api.Blocked)
    assert answer.reason == "AkoVersionUnsupported"


# Any row: the copy in the record describes the same release.

NAMES = st.from_regex(r"[a-z][a-zA-Z0-9]{2,8}", fullmatch=True).map(lambda name: f"x{name}")
BUILT_IN = loading.table().versions


@st.composite
def rows(draw: st.DrawFn) -> list[dict[str, Any]]:
    """One to three rows, each like a built-in release or like the row before it."""
    made: list[dict[str, Any]] = []
    for number in range(draw(st.integers(1, 3))):
        like = draw(st.sampled_from([*BUILT_IN, *(row["version"] for row in made)]))
        table = of_rows(*made).table
        parent = table.release(like, "test")
        present = sorted({key.name for key in parent.keys} - set(loading.NEEDED))
        removed = draw(st.lists(st.sampled_from(present), unique=True, max_size=3))
        added = [
            {"name": name, "env": f"{name.upper()}_{number}", "default": draw(st.text(max_size=3))}
            for name in draw(st.lists(NAMES, unique=True, max_size=3))
            if parent.key(name) is None
        ]
        made.append(
            {
                **ROW,
                "version": f"9.0.{number}",
                "like": like,
                "keys": {"add": added, "remove": removed},
                "definitions": draw(st.sampled_from(["Like", "External"])),
            }
        )
    return made


@given(rows())
@hypothesis_settings(
    derandomize=True,
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow],
)
def test_the_copy_of_any_row_describes_the_same_release(made: list[dict[str, Any]]) -> None:
    table = of_rows(*made).table
    for row in made:
        release = table.release(row["version"], "test")
        parent = table.release(row["like"], "test")
        names = {key.name for key in release.keys}
        assert names == (
            {key.name for key in parent.keys} | {key["name"] for key in row["keys"]["add"]}
        ) - set(row["keys"]["remove"])
        variables = [key.variable for key in release.keys if key.variable]
        assert len(set(variables)) == len(variables)
        data = {"version": release.version, **structs.to_plain(stored.data(release))}
        assert stored.release(data, release.version) == release


# Images.


@pytest.mark.parametrize(
    ("image", "registry", "result"),
    [
        (
            "projects.packages.broadcom.com/ako/ako:2.1.1",
            "r.example.com",
            "r.example.com/ako/ako:2.1.1",
        ),
        ("a.b:5000/ako@sha256:1", "r:5000/mirror/", "r:5000/mirror/ako@sha256:1"),
        ("localhost/ako:1", "r.example.com", "r.example.com/ako:1"),
        ("library/busybox", "r.example.com/x", "r.example.com/x/library/busybox"),
        ("busybox:1", "r.example.com", "r.example.com/busybox:1"),
        ("r.example.com/ako:1", "r.example.com", "r.example.com/ako:1"),
        ("a.b/ako:1", "", "a.b/ako:1"),
    ],
)
def test_another_registry(image: str, registry: str, result: str) -> None:
    assert images.rewritten(image, registry) == result
    assert images.rewritten(result, registry) == result


def test_the_registry_is_of_every_container(build: Any) -> None:
    config = build.adc({"extraConfigs.featureGates.GatewayAPI": True})
    extra = {"extraContainers": [{"name": "side", "image": "docker.io/library/side:1"}]}
    for ours, of_config in (("r.example.com", ""), ("other.example.com", "r.example.com")):
        chosen = options.Options(values=extra, image_registry=of_config)
        config["spec"]["plugins"] = {"ako": {"values": extra}}
        plugin = AkoPlugin(settings.Settings(image_registry=ours))
        stateful_set = of_kind(contributed(plugin, build.view(config, chosen)), "StatefulSet")
        containers = stateful_set["spec"]["template"]["spec"]["containers"]
        assert [container["image"] for container in containers] == [
            "r.example.com/ako/ako:2.1.1",
            "r.example.com/ako/ako-gateway-api:2.1.1",
            "r.example.com/library/side:1",
        ]


def test_an_image_of_the_config_goes_before_that_of_the_row() -> None:
    digest = f"sha256:{'a' * 64}"
    of_row = Image(repository="row", tag="r", digest=digest)

    def made(chosen: Image) -> str:
        return images.reference(chosen, of_row, repository="ours", version="2.2.1")

    assert made(Image()) == f"row:r@{digest}"
    assert made(Image(repository="mine")) == f"mine:r@{digest}"
    assert made(Image(tag="t")) == "row:t"
    assert images.reference(Image(), Images().ako, repository="ours", version="2") == "ours:2"


# Secrets to pull images with.


def test_copied_pull_secrets(build: Any) -> None:
    copies = (images.PullSecret(namespace="avi", name="registry"),)
    for plugin, chosen in (
        (AkoPlugin(settings.Settings(copied_pull_secrets=copies)), options.Options()),
        (AkoPlugin(), options.Options(copied_pull_secrets=copies)),
    ):
        view = build.view(ako_options=chosen)
        contribution = contributed(plugin, view)
        (copy,) = (secret for secret in contribution.secrets if secret.name == "registry")
        assert (copy.namespace, copy.type) == ("avi-system", "kubernetes.io/dockerconfigjson")
        assert copy.data == {
            ".dockerconfigjson": api.SecretSource(
                namespace="avi", name="registry", key=".dockerconfigjson"
            )
        }
        pod = of_kind(contribution, "StatefulSet")["spec"]["template"]["spec"]
        assert pod["imagePullSecrets"] == [{"name": "registry"}]
        assert ("avi", "registry") in plugin.secret_references(view)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"imageRegistry": "https://r"},
            r"plugins\.ako\.imageRegistry: 'https://r' is no registry",
        ),
        (
            {"copiedPullSecrets": [{"namespace": "a", "name": "avi-secret"}]},
            r"plugins\.ako\.copiedPullSecrets\[0\]\.name: avi-secret is the Secret of AKO",
        ),
        (
            {
                "copiedPullSecrets": [
                    {"namespace": "a", "name": "r"},
                    {"namespace": "b", "name": "r"},
                ]
            },
            r"plugins\.ako\.copiedPullSecrets\[1\]\.name: two Secrets have the name 'r'",
        ),
        (
            {"copiedPullSecrets": [{"namespace": "", "name": "r"}]},
            r"plugins\.ako\.copiedPullSecrets\[0\]: needs a namespace and a name",
        ),
    ],
)
def test_registries_and_copies_that_cannot_be(
    build: Any, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(errors.InputError, match=message):
        of_rows(**changes).check()
    chosen = core_settings.decode(changes, options.Options, path="spec.plugins.ako")
    answer = AkoPlugin().contribute(build.view(ako_options=chosen))
    assert isinstance(answer, api.Blocked)
    assert answer.reason == "ConfigInvalid"
    assert answer.message.startswith("spec.plugins.ako.")
