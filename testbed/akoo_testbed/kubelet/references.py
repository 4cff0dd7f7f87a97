"""Objects that a real kubelet needs before it can start a container, and its messages when one is
missing.

Reasons and messages are those of the kubelet. Projected volumes are not looked at: the ConfigMap
in the service account's one is published by a controller that the test bed does not run.
"""

import collections.abc
import typing

from akoo_testbed.kubeapi import Object

Find = collections.abc.Callable[[str, str], Object | None]
"""kind (ConfigMap or Secret), name -> the object in the Pod's namespace"""


class Problem(typing.NamedTuple):
    """The reason why a container waits."""

    reason: str
    message: str


def image_problem(container: Object) -> Problem | None:
    """An image on a host under the reserved domain `.invalid` cannot be pulled."""
    host = container.get("image", "").partition("/")[0].partition(":")[0]
    if not host.endswith(".invalid"):
        return None
    return Problem("ImagePullBackOff", f'Back-off pulling image "{container["image"]}"')


def environment_problem(container: Object, namespace: str, find: Find) -> Problem | None:
    """A mandatory ConfigMap, Secret or key that the environment names and that is not there."""
    for variable in container.get("env", ()):
        source = variable.get("valueFrom", {})
        for kind, field in (("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")):
            if message := _missing_key(kind, source.get(field), namespace, find):
                return Problem("CreateContainerConfigError", message)
    for source in container.get("envFrom", ()):
        for kind, field in (("ConfigMap", "configMapRef"), ("Secret", "secretRef")):
            if message := _missing(kind, source.get(field), find):
                return Problem("CreateContainerConfigError", message)
    return None


def volume_problem(pod: Object, find: Find) -> Problem | None:
    """A mandatory ConfigMap or Secret that a volume names and that is not there."""
    for volume in pod["spec"].get("volumes", ()):
        config, secret = volume.get("configMap"), volume.get("secret")
        if secret:
            secret = {**secret, "name": secret["secretName"]}
        message = _missing("ConfigMap", config, find) or _missing("Secret", secret, find)
        if message:
            text = f'MountVolume.SetUp failed for volume "{volume["name"]}" : {message}'
            return Problem("ContainerCreating", text)
    return None


def _missing(kind: str, reference: Object | None, find: Find) -> str | None:
    if not reference or reference.get("optional") or find(kind, reference["name"]):
        return None
    return f'{kind.lower()} "{reference["name"]}" not found'


def _missing_key(kind: str, reference: Object | None, namespace: str, find: Find) -> str | None:
    if not reference or reference.get("optional"):
        return None
    obj = find(kind, reference["name"])
    if obj is None:
        return _missing(kind, reference, find)
    keys = {**(obj.get("data") or {}), **(obj.get("binaryData") or {})}
    if reference["key"] in keys:
        return None
    return f"couldn't find key {reference['key']} in {kind} {namespace}/{reference['name']}"
