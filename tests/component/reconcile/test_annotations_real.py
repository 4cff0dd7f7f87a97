"""The user's annotations, from the command line through a real API server to what is done."""

from __future__ import annotations

import asyncio
import pathlib

import pytest

from akoo_core import __main__ as main
from akoo_core.kube import resource as resources
from akoo_core.objects import names
from tests.component.reconcile import reconcile_real

RECORDS = resources.AKO_DEPLOYMENTS


async def test_annotations_reach_the_record_and_are_followed(
    real: reconcile_real.Real, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kubeconfig, key = str(tmp_path / "admin.kubeconfig"), f"demo/{real.suffix}"

    async def typed(*annotations: str) -> tuple[int, str]:
        code = await asyncio.to_thread(main.run, [*annotations, "--kubeconfig", kubeconfig])
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    name = await real.seed()
    code, output = await typed("pause", key, "--yes")
    assert (code, "has no record" in output) == (2, True)
    await real.run(name)
    before = await real.client.get(RECORDS, name)

    assert (await typed("pause", key, "--yes"))[0] == 0
    paused = await real.client.get(RECORDS, name)
    assert paused["metadata"]["annotations"] == {names.PAUSED_ANNOTATION: ""}
    assert paused["spec"] == before["spec"]
    await real.run(name)
    _, output = await typed("explain", key)
    assert f'managed by AKODeploymentConfig "{real.suffix}"' in output
    assert f"next: akoo-core resume {key}" in output

    assert (await typed("resume", key, "--yes"))[0] == 0
    assert (await real.record(name)).annotations == {}
    assert (await typed("let-go", key, "--reason", "x", "--yes"))[0] == 2
    assert (await typed("leave", key, "orphan", "--yes"))[0] == 0
    await real.run(name)
    orphaned = (await real.record(name)).spec.orphaned
    assert orphaned is not None
    assert orphaned.cause == "UserWord"
    _, output = await typed("status")
    assert [line for line in output.splitlines() if real.suffix in line and "Orphaned" in line]


async def test_uninstall_lets_go_of_everything_and_an_operator_takes_it_up_again(
    real: reconcile_real.Real, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = await real.seed()
    await real.run(name)
    cluster = await real.client.get(resources.CLUSTERS, real.suffix, "demo")
    assert names.LOAD_BALANCER_READY in str(cluster["status"])
    lease = {
        "apiVersion": resources.LEASES.api_version,
        "kind": resources.LEASES.kind,
        "metadata": {"name": real.suffix, "namespace": "demo"},
        "spec": {"holderIdentity": "", "leaseDurationSeconds": 1},
    }
    await real.user.apply(resources.LEASES, lease)
    where = ["--namespace", "demo", "--lease", real.suffix]
    typed = ["uninstall", "--orphan", "--yes", *where]
    file = str(tmp_path / "admin.kubeconfig")
    code = await asyncio.to_thread(main.run, [*typed, "--kubeconfig", file])
    (note,) = capsys.readouterr().err.splitlines()
    assert code == 0
    assert "plugin tenancy is left out: plugins.tenancy.store is missing" in note

    freed = await real.client.get(resources.CLUSTERS, real.suffix, "demo")
    assert freed["metadata"]["finalizers"] == ["cluster.cluster.x-k8s.io"]
    assert names.RECORD_ANNOTATION not in (freed["metadata"].get("annotations") or {})
    assert [condition["type"] for condition in freed["status"]["conditions"]] == ["Available"]
    kept = await real.client.get(RECORDS, name)
    assert "finalizers" not in kept["metadata"]

    real.start()
    await real.run(name)
    again = await real.client.get(resources.CLUSTERS, real.suffix, "demo")
    assert names.FINALIZER in again["metadata"]["finalizers"]
    assert (await real.record(name)).finalizers == (names.RECORD_FINALIZER,)
