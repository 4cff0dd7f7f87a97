"""The reasons why akoo-core refuses configs that are stored already."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator

import yaml

from akoo_core import structs
from akoo_core.kube import resource
from akoo_core.manifests import packaged
from akoo_core.reconcile.decide import selection
from akoo_core.reconcile.deploy import schemas


def problems(configs: Iterable[structs.JSON]) -> dict[str, tuple[str, ...]]:
    """Sentences by name of the config; those without a problem are left out. Rules in CEL are not
    judged."""
    by_name = {obj["metadata"]["name"]: tuple(_of_config(obj)) for obj in configs}
    return {name: sentences for name, sentences in by_name.items() if sentences}


def _of_config(obj: structs.JSON) -> Iterator[str]:
    _, dropped, refusals = schemas.admit(_schema(), {"spec": obj.get("spec")})
    yield from refusals
    yield from (f"{path}: is not in the schema, and would be dropped" for path in dropped)
    read = selection.read(obj)
    problem = read.problem if isinstance(read, selection.Unreadable) else selection.problem(read)
    if problem and not refusals:
        yield problem


@functools.cache
def _schema() -> structs.JSON:
    """The schema of our AKODeploymentConfig."""
    kind = resource.AKO_DEPLOYMENT_CONFIGS
    path = packaged.core_folder("crds") / f"{kind.plural}.yaml"
    definition = yaml.safe_load(path.read_text(encoding="utf-8"))
    schema: structs.JSON = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return schema
