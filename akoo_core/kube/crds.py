"""CustomResourceDefinitions: their fields that we read, and the check of our own.

An older CRD of ours would silently drop our newer fields, so it counts as missing.
"""

from __future__ import annotations

from collections.abc import Iterable

from akoo_core import errors, structs
from akoo_core.kube import answers, client
from akoo_core.kube import errors as kube_errors
from akoo_core.kube import resource as resources
from akoo_core.kube.resource import Resource

SCHEMA_ANNOTATION = "akoo.io/schema-version"
"""Annotation on our CRDs: a whole number that grows when a field is added."""
SCHEMA_VERSION = 1
"""The lowest version that this code needs. Our manifests have at least this."""

COMMAND = "akoo-core manifests crds"
"""Prints the definitions of the core and of the plugins."""
APPLY = f"Apply them: {COMMAND} | kubectl apply --server-side -f -"
OWN = (resources.AKO_DEPLOYMENT_CONFIGS, resources.AKO_DEPLOYMENTS)


class Version(structs.Struct, frozen=True, kw_only=True):
    """One version of a kind."""

    name: str = ""
    served: bool = False


class Names(structs.Struct, frozen=True, kw_only=True):
    """The names of a kind."""

    plural: str = ""
    kind: str = ""


class DefinitionSpec(structs.Struct, frozen=True, kw_only=True):
    """The spec of a definition."""

    group: str = ""
    scope: str = ""
    names: Names = Names()
    versions: list[Version] = []


class DefinitionCondition(structs.Struct, frozen=True, kw_only=True):
    """One condition of a definition."""

    type: str = ""
    status: str = ""


class DefinitionStatus(structs.Struct, frozen=True, kw_only=True):
    """The status of a definition."""

    conditions: list[DefinitionCondition] | None = None


class Definition(structs.Struct, frozen=True, kw_only=True):
    """A CustomResourceDefinition, as far as it is read here."""

    metadata: answers.Metadata = answers.Metadata()
    spec: DefinitionSpec = DefinitionSpec()
    status: DefinitionStatus | None = None

    @property
    def served(self) -> list[str]:
        """The names of the versions that are served."""
        return [version.name for version in self.spec.versions if version.served]

    @property
    def established(self) -> bool:
        """Objects of the kind can be created."""
        conditions = (self.status.conditions if self.status else None) or ()
        return any((each.type, each.status) == ("Established", "True") for each in conditions)

    @property
    def served_kind(self) -> Resource | None:
        """The kind at a served version; None where there is none, or it has no names."""
        spec, served = self.spec, self.served
        usable = (
            resources.is_group(spec.group)
            and resources.is_plural(spec.names.plural)
            and resources.is_kind(spec.names.kind)
            and bool(served)
            and resources.is_version(served[0])
        )
        if not usable:
            return None
        namespaced = spec.scope == "Namespaced"
        names = spec.names
        return Resource(spec.group, served[0], names.plural, names.kind, namespaced, True)


def definition_of(crd: client.Object) -> Definition:
    """``crd``, typed. Raises ServerError for anything but a CustomResourceDefinition."""
    try:
        return structs.convert(crd, Definition)
    except structs.DecodeError as error:
        message = f"the answer is not a CustomResourceDefinition: {error}"
        raise kube_errors.ServerError(message) from error


async def check_crds(
    kube: client.KubeClient, *, more: Iterable[Resource] = (), command: str = COMMAND
) -> None:
    """Return when all CRDs are ready: ours, and ``more`` kinds that plugins cannot do without.

    ``command`` prints them. Raises PrerequisiteError (CRDsMissing, CRDsOutdated), or KubeError.
    """
    apply = f"Apply them: {command} | kubectl apply --server-side -f -"
    for resource in OWN:
        definition = await _served(kube, resource, apply)
        schema = _schema_version(definition)
        if schema < SCHEMA_VERSION:
            message = (
                f"the {resource.kind} of the API server is older than this akoo-core (schema "
                f"{schema}, needed {SCHEMA_VERSION}): it would drop fields. {apply}"
            )
            raise errors.PrerequisiteError("CRDsOutdated", message)
        _check_established(definition, resource)
    for resource in more:
        _check_established(await _served(kube, resource, apply), resource)


async def _served(kube: client.KubeClient, resource: Resource, apply: str) -> Definition:
    """The definition of a kind that is served at our version."""
    try:
        crd = await kube.get(resources.CUSTOM_RESOURCE_DEFINITIONS, resource.qualified)
    except kube_errors.NotFoundError as error:
        message = f"the API server has no {resource.kind}. {apply}"
        raise errors.PrerequisiteError("CRDsMissing", message) from error
    definition = definition_of(crd)
    if resource.version not in definition.served:
        message = f"the API server serves no {resource.version} of {resource.kind}. {apply}"
        raise errors.PrerequisiteError("CRDsOutdated", message)
    return definition


def _check_established(definition: Definition, resource: Resource) -> None:
    if not definition.established:
        message = f"{resource.kind} is not Established yet"
        raise errors.PrerequisiteError("CRDsNotEstablished", message)


def _schema_version(definition: Definition) -> int:
    text = (definition.metadata.annotations or {}).get(SCHEMA_ANNOTATION, "0")
    return int(text) if text.isdecimal() else 0
