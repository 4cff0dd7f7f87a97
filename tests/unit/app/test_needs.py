"""The needs of an operator at its start: each missing thing is one message with its command."""

from __future__ import annotations

import pathlib

import pytest
import yaml

from akoo_core import errors
from akoo_core.app import readiness
from akoo_core.kube import errors as kube_errors
from akoo_core.kube.resource import LEASES, Resource
from akoo_core.testing.memory import MemoryServer

CRDS = pathlib.Path(__file__).parents[3] / "deploy" / "crds"
POOLS = Resource("akoo.io", "v1alpha1", "aviippools", "AviIPPool", namespaced=False)
NEEDS = readiness.Needs(plugins=("avi", "ako"), rules=(), namespace="lb", kinds=(POOLS,))


def server_with(*names: str, namespaces: tuple[str, ...] = ()) -> MemoryServer:
    """A server with these definitions, in which namespaces must exist."""
    server = MemoryServer(namespaces_must_exist=True)
    for name in names:
        crd = yaml.safe_load((CRDS / f"{name}.yaml").read_text())
        conditions = [{"type": "Established", "status": "True"}]
        server.seed(crd | {"status": {"conditions": conditions}})
    for name in namespaces:
        server.seed({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    return server


CORE = ("akodeploymentconfigs", "akodeployments")
APPLY = "| kubectl apply --server-side -f -"


@pytest.mark.parametrize(
    ("definitions", "namespaces", "reason", "message"),
    [
        (
            (),
            (),
            "CRDsMissing",
            (
                "the API server has no AKODeploymentConfig. Apply them: "
                f"akoo-core manifests crds --plugins avi,ako {APPLY}"
            ),
        ),
        (
            CORE,
            (),
            "CRDsMissing",
            (
                "the API server has no AviIPPool. Apply them: "
                f"akoo-core manifests crds --plugins avi,ako {APPLY}"
            ),
        ),
        (
            (*CORE, "aviippools"),
            ("akoo-system",),
            "NamespaceMissing",
            (
                'namespace "lb" of the operator does not exist. Create it: '
                f"akoo-core manifests namespace --install-namespace lb {APPLY}"
            ),
        ),
    ],
    ids=["nothing", "a plugin's kind", "the namespace"],
)
async def test_each_missing_thing_has_its_command(
    definitions: tuple[str, ...], namespaces: tuple[str, ...], reason: str, message: str
) -> None:
    server = server_with(*definitions, namespaces=namespaces)
    with pytest.raises(errors.PrerequisiteError) as caught:
        await readiness.cluster_kind(server.client(), NEEDS)
    assert (caught.value.reason, str(caught.value)) == (reason, message)


async def test_the_namespace_is_looked_for_without_a_trace() -> None:
    server = server_with(namespaces=("lb",))
    await readiness.check_namespace(server.client(), NEEDS)
    assert list(server.objects(LEASES)) == []


async def test_who_may_not_write_leases_hears_of_rights_instead() -> None:
    server = server_with()
    server.faults.before("create leases", kube_errors.ForbiddenError("no"), times=1)
    await readiness.check_namespace(server.client(), NEEDS)


@pytest.mark.parametrize(
    ("part", "namespace", "command"),
    [
        ("rbac", "akoo-system", "akoo-core manifests rbac --plugins avi,ako"),
        ("rbac", "lb", "akoo-core manifests rbac --plugins avi,ako --install-namespace lb"),
        ("crds", "lb", "akoo-core manifests crds --plugins avi,ako"),
        ("namespace", "akoo-system", "akoo-core manifests namespace"),
    ],
)
def test_commands_name_what_differs(part: str, namespace: str, command: str) -> None:
    assert NEEDS._replace(namespace=namespace).command(part) == command


def test_a_process_without_plugins_says_none() -> None:
    needs = readiness.Needs(plugins=(), rules=())
    assert needs.command("crds") == "akoo-core manifests crds --plugins none"
