"""`akoo-core uninstall` beside operators that work: what it lists is what happens, and no more."""

from __future__ import annotations

import pytest
from akoo_testbed import running
from akoo_testbed.kube import kubeconfig

from akoo_core.objects import names
from akoo_core.sandbox import install
from tests import commands
from tests.e2e import conftest as e2e
from tests.fire import fire_bed, fire_gate, fire_journal, fire_laws, fire_operator
from tests.fire.conftest import PROOF

AVI_SYSTEM = "avi-system"
STATEFUL_SET = "apps/v1/StatefulSet"
PERSON = "cli"


class Person:
    """A person who types commands, as an administrator, through the gate as a replica of
    this name."""

    def __init__(self, bed: running.RunningBed, gate: fire_gate.Gate, token: str) -> None:
        base = bed.bed.base
        text = kubeconfig.with_token(gate.management_url(PERSON), base.authority.pem, token)
        self._kubeconfig = install.write_private(base.folder / f"{PERSON}.kubeconfig", text)

    async def types(self, *words: str) -> tuple[int, str]:
        """The exit code and all that was said."""
        patience = 2 * fire_journal.PATIENCE_SECONDS
        return await commands.typed(self._kubeconfig, *words, seconds=patience)


@pytest.fixture
def person(bed: running.RunningBed, gate: fire_gate.Gate) -> Person:
    async def token() -> str:
        whole, name = bed.bed, f"{install.ACCOUNT}-{PERSON}"
        account = {"name": name, "namespace": install.NAMESPACE}
        group = "rbac.authorization.k8s.io"
        role = {"apiGroup": group, "kind": "ClusterRole", "name": "cluster-admin"}
        binding = {
            "apiVersion": f"{group}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": name},
            "roleRef": role,
            "subjects": [{"kind": "ServiceAccount", **account}],
        }
        namespace = {"apiVersion": "v1", "kind": "Namespace"}
        await whole.api.apply(namespace | {"metadata": {"name": install.NAMESPACE}})
        await whole.api.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account})
        await whole.api.apply(binding)
        path = f"/api/v1/namespaces/{install.NAMESPACE}/serviceaccounts/{name}/token"
        request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
        made: str = (await whole.api.request("POST", path, request))["status"]["token"]
        return made

    return Person(bed, gate, bed.run(token()))


def _by(replica: str) -> fire_journal.Match:
    return lambda call: call.replica == replica and call.work


async def test_remove_takes_ako_from_all_and_no_cluster_away(
    fire: fire_bed.FireBed, operators: fire_operator.Operators, person: Person
) -> None:
    """One cluster has AKO, one never came up, and of one it is taken away already."""
    await operators.ready("a", fire_operator.SHORT_LEASE)
    config = await fire.config()
    await fire.cluster_parts("shop")
    for name in ("bare", "left"):
        await fire.bare_cluster(name)
    made = {"shop": await fire.record("shop", phase="Running")}
    made |= {name: await fire.bare_ready(name) for name in ("bare", "left")}
    records = {name: obj["metadata"]["name"] for name, obj in made.items()}
    word = {"metadata": {"annotations": {names.LEAVE_ANNOTATION: "sweep"}}}
    await fire.api.patch(e2e.RECORD, None, records["left"], word)
    await fire.until_record(records["left"], phase="Finished")

    code, output = await person.types("uninstall", "--orphan", "--yes")
    assert (code, "holds Lease akoo-system/akoo-core" in output) == (2, True), output
    assert not fire.gate.journal.of(_by(PERSON)), "refused: nothing was written"
    code, output = await person.types("uninstall", "--remove")
    assert (code, "give --yes if you mean it" in output) == (2, True), output
    assert not fire.gate.journal.of(_by(PERSON)), "shown: nothing was written"
    listed = [line for line in output.splitlines() if line.startswith("  ")]
    code, output = await person.types("uninstall", "--remove", "--yes", "--timeout", "2m")
    assert code == 0, output

    assert [line.split()[:2] for line in listed] == sorted(
        [f"{fire.namespace}/{name}", records[name]] for name in ("bare", "shop")
    )
    assert "AKO is removed from 2 clusters" in output
    written = fire.gate.journal.of(_by(PERSON))
    assert sorted(call.path.rsplit("/", 1)[-1] for call in written) == sorted(
        records[name] for name in ("bare", "shop")
    )
    assert [call.sent["metadata"]["annotations"] for call in written] == 2 * [
        {names.LEAVE_ANNOTATION: "sweep"}
    ]
    await _is_removed(fire, records)
    await fire.config_gone(config)
    assert not fire.gate.outside.records, vars(fire.gate.outside)
    broken = fire_laws.broken(fire.gate, set(records.values()))
    assert not broken, "\n".join(broken)
    await fire.all_gone(*records)
    for record in records.values():  # the brake would count them in other stories of this hour
        await fire.api.delete(e2e.RECORD, None, record)
        await fire.until(e2e.RECORD, None, record, lambda obj: obj is None)


async def _is_removed(fire: fire_bed.FireBed, records: dict[str, str]) -> None:
    """No AKO and nothing of ours anywhere but the records, which say why; all Clusters live."""
    for name, record in records.items():
        stored = await fire.api.get(e2e.RECORD, None, record)
        assert stored["spec"]["finishedAt"], record
        assert stored["spec"]["leaving"]["cause"] == "UserWord"
        assert stored["spec"]["leaving"]["letGo"]["why"] == "Proven"
        cluster = await fire.api.get(e2e.CLUSTER, fire.namespace, name)
        assert "deletionTimestamp" not in cluster["metadata"]
        assert not fire_laws.held([cluster])
        assert names.RECORD_ANNOTATION not in (cluster["metadata"].get("annotations") or {})
        assert names.LOAD_BALANCER_READY not in str(cluster.get("status"))
    async with fire.workload("shop") as workload:
        assert await workload.find(STATEFUL_SET, AVI_SYSTEM, "ako") is None
        assert await workload.find("v1/Secret", AVI_SYSTEM, "avi-secret") is None


@pytest.mark.skipif(not PROOF, reason="make test lets one record go, without a process")
async def test_orphan_touches_no_ako_and_an_operator_takes_it_all_up_again(
    fire: fire_bed.FireBed, operators: fire_operator.Operators, person: Person
) -> None:
    first = await operators.ready("a", fire_operator.SHORT_LEASE)
    config = await fire.config()
    await fire.cluster_parts("shop")
    record = await fire.record("shop", phase="Running")
    name = record["metadata"]["name"]
    await fire.at_rest()
    assert await first.stop() == 0

    code, output = await person.types("uninstall", "--orphan", "--yes")
    assert code == 0, output
    marked = [f"Cluster {fire.namespace}/shop", f"AKODeploymentConfig {config}"]
    marked += [f"AKODeployment {name}"]
    lines = output.splitlines()
    freed = [
        line.partition(" is removed from ")[2] for line in lines if " is removed from " in line
    ]
    done = [line.removesuffix(": done") for line in lines if line.endswith(": done")]
    ours = [name_ for name_ in freed if fire.namespace in name_ or name in name_]
    assert ours == marked, "the list says which, and in which order"
    assert done == freed, "and that is what was done"
    written = fire.gate.journal.of(_by(PERSON))
    kinds = [
        call.path.split("/")[-2 if not call.path.endswith("/status") else -3] for call in written
    ]
    order = ["clusters", "akodeploymentconfigs", "akodeployments"]
    assert kinds == sorted(kinds, key=order.index)
    assert {call.method for call in written} == {"PATCH"}, "nothing is deleted"
    kept = await fire.api.get(e2e.RECORD, None, name)
    assert kept["spec"] == record["spec"]
    cluster = await fire.api.get(e2e.CLUSTER, fire.namespace, "shop")
    assert not fire_laws.held([cluster, kept, await fire.api.get(e2e.CONFIG, None, config)])
    async with fire.workload("shop") as workload:
        ako = await workload.get(STATEFUL_SET, AVI_SYSTEM, "ako")
        assert ako["spec"]["replicas"] == 1

    before = len(fire.gate.journal.done(_applies))
    await operators.ready("b", fire_operator.SHORT_LEASE)
    held = await fire.until(
        e2e.CLUSTER, fire.namespace, "shop", lambda obj: fire_laws.held([obj]) == ["shop"]
    )
    assert held["metadata"]["uid"] == cluster["metadata"]["uid"]
    await fire.at_rest()
    assert (await fire.record("shop"))["metadata"]["name"] == name
    assert len(fire.gate.journal.done(_applies)) == before, "nothing was deployed again"
    await fire.all_gone("shop")
    await fire.ended()


def _applies(call: fire_journal.Call) -> bool:
    return call.system == "workload" and call.content_type.endswith("apply-patch+yaml")
