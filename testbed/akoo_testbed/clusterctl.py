"""clusterctl on a bed: what it wants to find in a management cluster, and its `move`."""

import asyncio
import contextlib
import os

from akoo_testbed import base, errors, kubeapi
from akoo_testbed.kubeapi import Object

GROUP = "cluster.x-k8s.io"
MOVE_SECONDS = 60.0
_DEFINITION = "apiextensions.k8s.io/v1/CustomResourceDefinition"


def labels(definition: Object) -> dict[str, str]:
    """The labels that clusterctl's own installation adds to a definition of Cluster API. Pure."""
    served = [version["name"] for version in definition["spec"]["versions"] if version["served"]]
    contracts = {f"{GROUP}/{version}": version for version in served}
    return {f"clusterctl.{GROUP}": "", f"{GROUP}/provider": "cluster-api", **contracts}


async def prepare(api: kubeapi.KubeApi) -> None:
    """Make a management cluster one that clusterctl moves from and to."""
    for definition in await api.list(_DEFINITION):
        if definition["spec"]["group"] == GROUP:
            patch = {"metadata": {"labels": labels(definition)}}
            await api.patch(_DEFINITION, None, definition["metadata"]["name"], patch)
    await api.apply(inventory())


async def move(
    bed_base: base.BedBase, source: str, target: str, namespace: str, *, recipe: str = ""
) -> str:
    """`clusterctl move` from one kubeconfig to another; its output. Raises PartError with that.

    `recipe` is the release of Cluster API.
    """
    folder = bed_base.folder / "clusterctl"
    folder.mkdir(exist_ok=True)
    (folder / "clusterctl.yaml").write_text("providers: []\n")
    (folder / "source").write_text(source)
    (folder / "target").write_text(target)
    process = await asyncio.create_subprocess_exec(
        str(bed_base.built.binary("clusterctl", recipe)),
        "move",
        f"--config={folder / 'clusterctl.yaml'}",
        f"--kubeconfig={folder / 'source'}",
        f"--to-kubeconfig={folder / 'target'}",
        f"--namespace={namespace}",
        "-v=2",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={
            "HOME": str(folder),
            "PATH": os.environ["PATH"],
            "CLUSTERCTL_DISABLE_VERSIONCHECK": "true",
        },
    )
    try:
        async with asyncio.timeout(MOVE_SECONDS):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode:
        raise errors.PartError(f"clusterctl move failed: {output.decode(errors='replace')}")
    return output.decode()


def inventory() -> Object:
    """The CRD of clusterctl's inventory, which has to be there; nothing is in it."""
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {
        "name": "v1alpha3",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": anything},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"providers.clusterctl.{GROUP}",
            "labels": {f"clusterctl.{GROUP}/core": "inventory"},
            "annotations": {"api-approved.kubernetes.io": "unapproved, for a test"},
        },
        "spec": {
            "group": f"clusterctl.{GROUP}",
            "scope": "Namespaced",
            "names": {"kind": "Provider", "plural": "providers", "singular": "provider"},
            "versions": [version],
        },
    }
