"""Puts CustomResourceDefinitions into an API server and waits until they are served."""

import asyncio
import collections.abc
import pathlib

import yaml

from akoo_testbed import errors, kubeapi, waiting

ESTABLISHED_SECONDS = 60.0
FOLDER = pathlib.Path(__file__).parent / "crds"
"""The CRDs of the fake provider."""

_KIND = "apiextensions.k8s.io/v1/CustomResourceDefinition"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # 1.2 MB: 0.1 s in C, 3 s in Python


def load(*paths: pathlib.Path) -> list[kubeapi.Object]:
    """All objects in these YAML files; a folder stands for its *.yaml files, sorted."""
    files: list[pathlib.Path] = []
    for path in paths:
        files += sorted(path.glob("*.yaml")) if path.is_dir() else [path]
    return [
        obj
        for file in files
        for obj in yaml.load_all(file.read_text(), Loader=_LOADER)
        if obj is not None
    ]


async def install(api: kubeapi.KubeApi, *paths: pathlib.Path) -> None:
    """Apply the CRDs in these files and wait until all are Established.

    Other kinds in the files are applied after that, in their order. Raises TimeoutError, naming
    the CRDs that are missing, and TestbedError for what the API server refuses.
    """
    objects = load(*paths)
    crds = [obj for obj in objects if obj["kind"] == "CustomResourceDefinition"]
    await waiting.together(*(_apply(api, crd) for crd in crds))
    await wait_established(api, [crd["metadata"]["name"] for crd in crds])
    for obj in objects:
        if obj["kind"] not in {"CustomResourceDefinition", "Kustomization"}:
            await _apply(api, obj)


async def wait_established(api: kubeapi.KubeApi, names: collections.abc.Collection[str]) -> None:
    """Wait until these CRDs are served."""
    missing = set(names)

    async def none_missing() -> bool:
        for crd in await asyncio.gather(*(api.get(_KIND, None, name) for name in missing)):
            if _is_established(crd):
                missing.discard(crd["metadata"]["name"])
        return not missing

    try:
        await waiting.until(none_missing, title="CRDs", seconds=ESTABLISHED_SECONDS, every=0.1)
    except TimeoutError:
        raise TimeoutError(f"CRDs are not Established: {', '.join(sorted(missing))}") from None


async def _apply(api: kubeapi.KubeApi, obj: kubeapi.Object) -> None:
    try:
        await api.apply(obj)
    except kubeapi.ApiError as error:
        name = obj["metadata"]["name"]
        raise errors.TestbedError(f"cannot apply {obj['kind']} {name}: {error}") from error


def _is_established(crd: kubeapi.Object) -> bool:
    conditions = crd.get("status", {}).get("conditions") or ()
    return any(c["type"] == "Established" and c["status"] == "True" for c in conditions)
