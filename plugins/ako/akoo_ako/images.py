"""Images of AKO's Pods, and the Secrets to pull them with; pure."""

from __future__ import annotations

import re
from typing import Final

from akoo_ako import names
from akoo_ako.refusals.refusal import invalid
from akoo_ako.releases.release import Image
from akoo_core.plugin import api, structs

_REGISTRY: Final = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9.-]*(:\d+)?(/[a-z0-9._-]+)*/?")
KEY: Final = ".dockerconfigjson"
"""The only key of a Secret that is copied."""


class PullSecret(structs.StrictStruct, frozen=True, kw_only=True):
    """A Secret of the management cluster, of type kubernetes.io/dockerconfigjson."""

    namespace: str
    """Must be one of ``allowedSecretNamespaces``."""
    name: str
    """Its copy in avi-system has the same name."""


def reference(chosen: Image, of_release: Image, *, repository: str, version: str) -> str:
    """``repository:tag@digest``. ``chosen``, of the config, goes before the image of the release,
    and a tag or digest of the config before both of the release."""
    source = chosen if chosen.tag or chosen.digest else of_release
    digest = f"@{source.digest}" if source.digest else ""
    name = chosen.repository or of_release.repository or repository
    return f"{name}:{source.tag or version}{digest}"


def rewritten(image: str, registry: str) -> str:
    """The image in another registry: its host is replaced, its path stays below ``registry``."""
    prefix = registry.rstrip("/")
    if not prefix or image.startswith(f"{prefix}/"):
        return image
    first, slash, rest = image.partition("/")
    has_host = bool(slash) and (first == "localhost" or "." in first or ":" in first)
    return f"{prefix}/{rest if has_host else image}"


def check_registry(registry: str, path: str) -> None:
    """Raises Refusal for a text that is no registry."""
    if registry and not _REGISTRY.fullmatch(registry):
        raise invalid(
            path, f"{registry!r} is no registry such as registry.example.com:5000/mirror."
        )


def check_copies(copies: tuple[PullSecret, ...], path: str) -> None:
    """Raises Refusal for Secrets that cannot all be copied into avi-system."""
    seen: set[str] = set()
    for index, copy in enumerate(copies):
        if not copy.namespace or not copy.name:
            raise invalid(f"{path}[{index}]", "needs a namespace and a name.")
        if copy.name == names.SECRET:
            raise invalid(f"{path}[{index}].name", f"{copy.name} is the Secret of AKO's account.")
        if copy.name in seen:
            raise invalid(f"{path}[{index}].name", f"two Secrets have the name {copy.name!r}.")
        seen.add(copy.name)


def copied(copy: PullSecret) -> api.SecretObject:
    """The Secret in avi-system, owned by the record as all of AKO's objects are."""
    source = api.SecretSource(namespace=copy.namespace, name=copy.name, key=KEY)
    return api.SecretObject(
        namespace=names.NAMESPACE,
        name=copy.name,
        type="kubernetes.io/dockerconfigjson",
        data={KEY: source},
    )
