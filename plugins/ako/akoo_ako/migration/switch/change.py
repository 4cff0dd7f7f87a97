"""A change of one object, as a value. Pure.

Each has preconditions, so that it has no effect on an object that is another one, or that somebody
has changed where it matters.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

from akoo_ako.installs.seen import metadata_of, name_of, namespace_of
from akoo_core.plugin import structs
from akoo_core.plugin.kube import Resource

PLURALS: Final = {
    "AKODeploymentConfig": "akodeploymentconfigs",
    "Cluster": "clusters",
    "CustomResourceDefinition": "customresourcedefinitions",
    "Deployment": "deployments",
    "Machine": "machines",
    "MutatingWebhookConfiguration": "mutatingwebhookconfigurations",
    "PackageInstall": "packageinstalls",
    "Secret": "secrets",
    "ValidatingWebhookConfiguration": "validatingwebhookconfigurations",
}
"""The kinds that a switch writes, or keeps in mind."""

Operation = dict[str, Any]
"""Of a JSON patch."""
Verb = Literal["Patch", "Create", "Delete", "Note"]


class Change(structs.Struct, frozen=True, kw_only=True):
    """One write of one object, or with ``verb`` Note the entry in the journal alone."""

    step: str
    text: str
    """For people: the change without the object."""
    verb: Verb
    resource: Resource
    kind: str
    name: str
    namespace: str = ""
    uid: str = ""
    version: str = ""
    """The resourceVersion that a deletion is bound to."""
    patch: tuple[structs.JSON, ...] = ()
    subresource: str = ""
    body: structs.JSON = {}
    """Of a Create."""
    before: structs.JSON | None = None
    """The part of the object that the way back restores. None: nothing has to be kept."""

    @property
    def object(self) -> str:
        """Its kind and key, for people."""
        key = "/".join(filter(None, (self.namespace, self.name)))
        return f"{self.kind} {key}"


def resource_of(obj: structs.JSON) -> Resource:
    """The kind of an object, at the version at which it was read."""
    group, _, version = str(obj["apiVersion"]).rpartition("/")
    kind = str(obj["kind"])
    return Resource(group, version, PLURALS[kind], kind, namespaced=bool(namespace_of(obj)))


def patched(
    step: str,
    obj: structs.JSON,
    operations: Sequence[Operation],
    text: str,
    *,
    before: structs.JSON | None = None,
    subresource: str = "",
    same_version: bool = False,
) -> Change:
    """A JSON patch that holds for this object alone; ``same_version``: and as it was read."""
    metadata = metadata_of(obj)
    tests = [_test("/metadata/uid", metadata["uid"])]
    if same_version:
        tests.append(_test("/metadata/resourceVersion", metadata["resourceVersion"]))
    patch = (*tests, *operations)
    return structs.replace(
        _of(obj, step, text, "Patch"), patch=patch, subresource=subresource, before=before
    )


def deleted(
    step: str, obj: structs.JSON, text: str, *, before: structs.JSON | None = None
) -> Change:
    """The deletion of this object as it was read."""
    version = metadata_of(obj)["resourceVersion"]
    return structs.replace(_of(obj, step, text, "Delete"), version=version, before=before)


def created(step: str, obj: structs.JSON, text: str) -> Change:
    """The creation of an object, which fails where there is one."""
    return structs.replace(_of(obj, step, text, "Create"), body=obj)


def noted(step: str, obj: structs.JSON, text: str, *, before: structs.JSON) -> Change:
    """No write: the entry in the journal alone."""
    return structs.replace(_of(obj, step, text, "Note"), before=before)


def _of(obj: structs.JSON, step: str, text: str, verb: Verb) -> Change:
    """A change of this object, without its content."""
    return Change(
        step=step,
        text=text,
        verb=verb,
        resource=resource_of(obj),
        kind=str(obj["kind"]),
        name=name_of(obj),
        namespace=namespace_of(obj),
        uid=metadata_of(obj).get("uid", ""),
    )


def exchanged(path: str, old: Any, new: Any) -> list[Operation]:
    """The value at ``path`` replaced, if it is still ``old``."""
    return [_test(path, old), {"op": "replace", "path": path, "value": new}]


def removed(path: str, old: Any) -> list[Operation]:
    """The value at ``path`` removed, if it is still ``old``."""
    return [_test(path, old), {"op": "remove", "path": path}]


def put(path: str, value: Any) -> Operation:
    """A value at ``path``, whatever is there."""
    return {"op": "add", "path": path, "value": value}


def escaped(key: str) -> str:
    """A key as a part of a path (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")


def _test(path: str, value: Any) -> Operation:
    return {"op": "test", "path": path, "value": value}
