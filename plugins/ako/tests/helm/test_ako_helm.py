"""AKO from a chart: what is taken, what is ours in it, and each refusal with its message."""

from __future__ import annotations

import asyncio
import os
import pathlib
import resource
import signal
from typing import Any

import pytest
import yaml
from akoo_ako import options
from akoo_ako.helm import archive, command, renderings
from akoo_ako.helm import objects as of_chart
from akoo_ako.refusals import refusal

from akoo_core import clock
from akoo_core.plugin import api, structs
from tests.ako import ako_chart

FIRST = "spec.plugins.ako.chart"
NOT_YAML = "a \x85 b\u2028c \x7f\U0001f600"
"""Letters that helm, which reads YAML, has only as escapes, and one that it has only without."""


def of_kind(objects: tuple[dict[str, Any], ...], kind: str) -> dict[str, Any]:
    (obj,) = (each for each in objects if each["kind"] == kind)
    return obj


def test_the_objects_of_a_chart_with_our_name_marks_and_security(workshop: Any) -> None:
    objects = workshop.contributed({"resources": {"limits": {"memory": "1Gi"}}})
    kinds = ["ConfigMap", "CustomResourceDefinition", "Namespace", "ServiceAccount", "StatefulSet"]
    assert sorted(obj["kind"] for obj in objects) == kinds
    data = of_kind(objects, "ConfigMap")["data"]
    assert data["clusterName"] == workshop.build.record
    assert data["controllerIP"] == "avi.example.com"
    assert (data["ofTheChart"], data["deleteConfig"]) == ("none", "false")
    assert data.keys() == {
        *("clusterName", "controllerIP", "tenantName", "logLevel", "deleteConfig"),
        "ofTheChart",
    }
    stateful_set = of_kind(objects, "StatefulSet")
    assert stateful_set["metadata"]["labels"] == {"team": "lb"}
    spec = stateful_set["spec"]
    assert spec["podManagementPolicy"] == "Parallel"
    template = spec["template"]
    assert template["metadata"]["annotations"].keys() == {"akoo.io/config-hash"}
    assert template["spec"]["securityContext"]["runAsNonRoot"] is True
    (container,) = template["spec"]["containers"]
    assert "privileged" not in container["securityContext"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["resources"] == {"limits": {"memory": "1Gi"}}
    assert container["image"] == "registry.example.com/ako:2.1.1"
    assert container["readinessProbe"]["httpGet"]["path"] == "/api/status"


def test_the_selector_is_that_of_a_release_that_is_built_in(workshop: Any) -> None:
    chart = of_kind(workshop.contributed(), "StatefulSet")["spec"]
    ours = of_kind(workshop.contributed({"chart": None}), "StatefulSet")["spec"]
    for name in ("selector", "serviceName", "podManagementPolicy"):
        assert chart[name] == ours[name]


def test_one_rendering_serves_the_clusters_of_a_config(workshop: Any) -> None:
    plugin = workshop.plugin()
    names = []
    for record in ("akoo-a", "akoo-b"):
        view = workshop.view()
        view = structs.replace(view, spec=structs.replace(view.spec, ako_cluster_name=record))
        assert workshop.prepare(plugin, view) is None
        contribution = plugin.contribute(view)
        assert isinstance(contribution, api.Contribution)
        names.append(of_kind(contribution.objects, "ConfigMap")["data"]["clusterName"])
    assert names == ["akoo-a", "akoo-b"]
    assert workshop.runs == 1


def test_the_chart_decides_the_hash_and_keeps_it(workshop: Any) -> None:
    def mark(changes: dict[str, Any] | None = None) -> str:
        template = of_kind(workshop.contributed(changes), "StatefulSet")["spec"]["template"]
        return str(template["metadata"]["annotations"]["akoo.io/config-hash"])

    first = mark()
    assert mark() == first
    workshop.render(ako_chart.rendered().replace("ofTheChart: none", "ofTheChart: other"))
    assert mark() != first


def test_a_cluster_waits_for_a_chart_that_this_process_has_not_rendered(workshop: Any) -> None:
    answer = workshop.plugin().contribute(workshop.view())
    assert isinstance(answer, api.Wait)
    assert answer.reason == "ChartAwaited"


def test_values_that_only_the_chart_knows_are_passed_on(
    workshop: Any, tmp_path: pathlib.Path
) -> None:
    body = f"/bin/cp values.json {tmp_path}/seen\nexec /bin/cat {tmp_path}/output"
    workshop.helm = ako_chart.program(tmp_path, body)
    values = {"extra": {"text": NOT_YAML}, "AKOSettings": {"logLevel": "DEBUG"}}
    data = of_kind(workshop.contributed({"values": values}), "ConfigMap")["data"]
    seen = yaml.safe_load((tmp_path / "seen").read_bytes())
    assert seen["extra"] == {"text": NOT_YAML}
    assert seen["ako-crd-operator"] == {"enabled": False}
    assert data["logLevel"] == "DEBUG"
    assert "clusterName" not in seen["AKOSettings"]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"AKOSettings": {"clusterName": "x"}}, "AKOSettings.clusterName: is not set here"),
        ({"avicredentials": {"password": "x"}}, "avicredentials.password: is not set here"),
        ({"securityContext": {"privileged": True}}, "securityContext: is not set here"),
    ],
)
def test_what_is_ours_is_not_set_by_values(workshop: Any, values: Any, message: str) -> None:
    reason, text = workshop.refused({"values": values})
    assert reason == "ConfigInvalid"
    assert message in text


def obj(kind: str, name: str, api_version: str = "v1", **more: Any) -> str:
    metadata = {"name": name, **more.pop("metadata", {})}
    return yaml.safe_dump({"apiVersion": api_version, "kind": kind, "metadata": metadata, **more})


RBAC = "rbac.authorization.k8s.io/v1"
SUBJECT = {"kind": "ServiceAccount", "name": "ako-sa", "namespace": "avi-system"}


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (obj("Job", "a", "batch/v1"), "Job a of the chart is of kind batch/v1 Job, which AKO does"),
        (obj("Secret", "a"), "Secret a of the chart is of kind v1 Secret"),
        (obj("ConfigMap", "a", metadata={"namespace": "kube-system"}), "is in namespace kube-sys"),
        (obj("Namespace", "kube-system"), "Namespace kube-system of the chart is of kind"),
        (obj("ClusterRole", "admin", RBAC), "ClusterRole admin of the chart is of the whole"),
        (
            obj("ClusterRole", "ako-cr", RBAC, rules=[{"verbs": ["*"]}]),
            "ClusterRole ako-cr of the chart has the verb *",
        ),
        (
            obj("ClusterRole", "ako-cr", RBAC, aggregationRule={"clusterRoleSelectors": []}),
            "takes its rules from other roles",
        ),
        (
            obj("ClusterRoleBinding", "ako-crb", RBAC, roleRef={"name": "cluster-admin"}),
            "binds to cluster-admin, not to ako-cr",
        ),
        (
            obj(
                "ClusterRoleBinding",
                "ako-crb",
                RBAC,
                roleRef={"name": "ako-cr"},
                subjects=[{"kind": "Group", "name": "all"}],
            ),
            "gives rights to Group all",
        ),
        (
            obj(
                "RoleBinding",
                "a",
                RBAC,
                roleRef={"kind": "ClusterRole", "name": "admin"},
                subjects=[SUBJECT],
            ),
            "binds to admin, which is no Role",
        ),
        (
            obj("IngressClass", "avi-lb", "networking.k8s.io/v1", spec={"controller": "x"}),
            "IngressClass avi-lb of the chart is of controller x",
        ),
        (
            obj("CustomResourceDefinition", "a.example.com", "apiextensions.k8s.io/v1"),
            "is not of group ako.vmware.com",
        ),
        (obj("ConfigMap", "avi-k8s-config"), "has to have one ConfigMap, avi-k8s-config"),
        (obj("ServiceAccount", "ako-sa"), "ServiceAccount ako-sa of the chart comes twice"),
        ("just text", "something of the chart is no Kubernetes object"),
    ],
)
def test_an_object_that_is_not_of_ako_refuses_the_chart(
    workshop: Any, more: str, message: str
) -> None:
    workshop.render(f"{ako_chart.rendered()}\n---\n{more}")
    reason, text = workshop.refused()
    assert reason == "ChartObjectRefused"
    assert text.startswith(f"{FIRST}: ")
    assert message in text


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("      containers:", "      hostNetwork: true\n      containers:", "sets hostNetwork"),
        (
            "      containers:",
            "      volumes: [{name: a, hostPath: {path: /}}]\n      containers:",
            "mounts a folder of its Node",
        ),
        ("  serviceName: ako", "  volumeClaimTemplates: [{}]", "has volumeClaimTemplates"),
        ("        - name: ako", "        - name: other", "has no container ako"),
        ("key: ofTheChart", "key: missing", "variable OF_THE_CHART is of key missing"),
        ("  deleteConfig:", "  deleteCfg:", "avi-k8s-config has no key deleteConfig"),
        ("  ofTheChart: none", "  ofTheChart: 1", "key ofTheChart of ConfigMap"),
    ],
)
def test_an_ako_that_reaches_out_of_its_pod_refuses_the_chart(
    workshop: Any, before: str, after: str, message: str
) -> None:
    whole = ako_chart.rendered()
    assert whole.count(before) == 1
    workshop.render(whole.replace(before, after))
    reason, text = workshop.refused()
    assert reason == "ChartObjectRefused"
    assert message in text


def test_hooks_the_namespace_and_the_account_are_left_out(workshop: Any) -> None:
    ours = (obj("Namespace", "avi-system"), obj("Secret", "avi-secret"), ako_chart.HOOK)
    before = workshop.contributed()
    workshop.render("\n---\n".join((ako_chart.rendered(), *ours)))
    assert workshop.contributed() == before


def test_another_release_than_the_config_names(workshop: Any) -> None:
    workshop.render(ako_chart.rendered(version="2.1.3"))
    reason, text = workshop.refused()
    assert reason == "ChartVersionMismatch"
    assert "the chart deploys AKO 2.1.3, the config is for 2.1.1" in text


@pytest.mark.parametrize(
    ("chart", "reason", "message"),
    [
        ({"path": "../ako.tgz"}, "ChartPathRefused", "'../ako.tgz' is no path within the folder"),
        ({"path": "/etc/passwd"}, "ChartPathRefused", "'/etc/passwd' is no path within"),
        ({"path": "out.tgz"}, "ChartPathRefused", "out.tgz leads out of the folder of charts"),
        ({"path": "none.tgz"}, "ChartMissing", "there is no file none.tgz in "),
        ({"digest": "sha256:" + "0" * 64}, "ChartDigestMismatch", "ako.tgz has the digest sha256:"),
        ({"digest": "latest"}, "ConfigInvalid", "chart.digest: 'latest' is no digest"),
    ],
)
def test_an_archive_that_is_not_taken(
    workshop: Any, chart: dict[str, str], reason: str, message: str
) -> None:
    (workshop.folder / "secret.tgz").write_bytes(b"x")
    (workshop.charts / "out.tgz").symlink_to(workshop.folder / "secret.tgz")
    answer = workshop.refused({"chart": {**workshop.chart, **chart}})
    assert answer[0] == reason
    assert message in answer[1]
    assert workshop.runs == 0


def test_an_archive_that_is_too_big(workshop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "LARGEST", 100)
    assert workshop.refused()[0] == "ChartTooLarge"


def test_an_operator_without_helm_or_folder(workshop: Any) -> None:
    reason, text = workshop.refused(helm="no-such-helm")
    assert reason == "HelmMissing"
    assert "the operator has no no-such-helm" in text
    renderings._KEPT.clear()
    assert workshop.refused(chart_folder="")[0] == "ChartFolderMissing"


def test_a_helm_that_fails(workshop: Any, tmp_path: pathlib.Path) -> None:
    body = "echo 'WARNING: x' >&2\necho 'Error: template: ako: no' >&2\nexit 1"
    workshop.helm = ako_chart.program(tmp_path, body)
    assert workshop.refused() == (
        "ChartNotRendered",
        f"{FIRST}: helm cannot render the chart: template: ako: no",
    )


def test_a_helm_that_hangs_is_stopped(
    workshop: Any, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert command.SECONDS == 20.0
    monkeypatch.setattr(command, "SECONDS", 0.3)
    workshop.helm = ako_chart.program(tmp_path, "/bin/sleep 600")
    reason, text = workshop.refused()
    assert reason == "ChartTimeout"
    assert text == f"{FIRST}: helm did not render the chart within 0.3 s and was stopped."


def test_a_process_is_killed_with_its_children() -> None:
    async def story() -> bytes:
        process = await asyncio.create_subprocess_exec(
            *("/bin/sh", "-c", "/bin/sleep 600 & echo $!; wait"),
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        assert process.stdout is not None
        child = int(await process.stdout.readline())
        command._kill(process)
        await process.wait()
        try:  # The pipe ends once no process holds it: the child, too, is gone.
            async with asyncio.timeout(30):
                return await process.stdout.read()
        except TimeoutError:
            os.kill(child, signal.SIGKILL)
            raise

    assert asyncio.run(story()) == b""


def test_a_helm_that_writes_too_much_is_stopped(
    workshop: Any, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "LARGEST", 1000)
    workshop.helm = ako_chart.program(
        tmp_path, "while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaa; done"
    )
    assert workshop.refused()[0] == "ChartTooLarge"


def test_helm_sees_nothing_of_the_operator(
    workshop: Any, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AKOO_SECRET", "x")
    monkeypatch.setenv("HELM_PLUGINS", "/somewhere")
    noted = f"/usr/bin/env > {tmp_path}/seen\n/bin/pwd > {tmp_path}/where"
    body = f"{noted}\nexec /bin/cat {tmp_path}/output"
    workshop.helm = ako_chart.program(tmp_path, body)
    workshop.contributed()
    seen = dict(line.split("=", 1) for line in (tmp_path / "seen").read_text().splitlines())
    own = {"HOME", "TMPDIR", "HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"}
    assert seen.keys() - {"PWD", "SHLVL", "_", "OLDPWD"} == own
    where = (tmp_path / "where").read_text().strip()
    assert {seen[name] for name in own} == {where}
    assert not pathlib.Path(where).exists()


def test_helm_has_limits() -> None:
    async def limits() -> dict[int, tuple[int, int]]:
        process = await asyncio.create_subprocess_exec("/bin/sleep", "600")
        try:
            command._limit(process.pid)
            kinds = (resource.RLIMIT_CPU, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE)
            return {kind: resource.prlimit(process.pid, kind) for kind in kinds}
        finally:
            process.kill()
            await process.wait()

    assert asyncio.run(limits()) == {
        resource.RLIMIT_CPU: (20, 20),
        resource.RLIMIT_FSIZE: (16 * 1024 * 1024,) * 2,
        resource.RLIMIT_NOFILE: (256, 256),
    }


def test_a_chart_that_was_refused_is_tried_again_after_a_minute(
    workshop: Any, tmp_path: pathlib.Path
) -> None:
    workshop.clock = clock.ManualClock()
    plugin, good = workshop.plugin(), (tmp_path / "output").read_text()
    (tmp_path / "output").write_text(f"{good}\n---\n{obj('Job', 'a', 'batch/v1')}")
    for _ in range(3):
        assert isinstance(workshop.prepare(plugin, workshop.view()), api.Blocked)
    assert workshop.runs == 1
    (tmp_path / "output").write_text(good)
    workshop.clock.advance(60.0)
    assert workshop.prepare(plugin, workshop.view()) is None
    assert workshop.runs == 2


def test_texts_that_are_no_objects(workshop: Any) -> None:
    for text, message in (
        ("a: [", "the chart renders to no YAML: line "),
        ("&a [*a]", "it is deeper than 64 levels"),
        ("1: a", "a key is not text"),
        ("a: !!python/object:os.system x", "could not determine a constructor"),
        ("a: .nan", "a number is not finite"),
    ):
        workshop.render(text)
        reason, answer = workshop.refused()
        assert reason == "ChartNotRendered"
        assert message in answer


def test_an_ako_that_was_adopted_is_not_replaced_by_a_chart() -> None:
    of_chart.check_not_adopted(options.Options())
    chart = archive.Chart(path="ako.tgz", digest="sha256:0")
    with pytest.raises(refusal.Refusal, match="is not used for an AKO that was adopted") as caught:
        of_chart.check_not_adopted(options.Options(chart=chart))
    assert caught.value.reason == "ConfigInvalid"
