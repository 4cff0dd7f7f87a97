"""Pages of a list: consistent at the version of the first page, expiring with the history."""

from __future__ import annotations

import base64

from akoo_core import structs
from akoo_core.kube import client
from akoo_core.kube.request import ServerRequest
from akoo_core.testing.memory import kinds
from akoo_core.testing.memory.selectors import Predicate
from akoo_core.testing.memory.store import Key, Object, ServerStore


def page(
    store: ServerStore,
    request: ServerRequest,
    matches: Predicate,
    *,
    resource_version: str,
    token: str,
    limit: int,
) -> client.Page:
    """One page, as KubeClient.list promises it."""
    if resource_version not in ("", "0") and int(resource_version) > store.version:
        message = f"Too large resource version: {resource_version}, current: {store.version}"
        raise kinds.refusal(504, "Timeout", message, request)
    version, start = _decode(token) if token else (store.version, 0)
    if version < store.compacted and token:
        message = "The provided continue parameter is too old to display a consistent list result"
        raise kinds.refusal(410, "Expired", message, request)
    kind = {"apiVersion": request.resource.api_version, "kind": request.resource.kind}
    rows = _at(store, request, version)
    objects = [{**obj, **kind} for obj in rows if matches(obj)]
    rest = objects[start:]
    more = bool(limit) and len(rest) > limit
    return client.Page(
        items=rest[:limit] if limit else rest,
        resource_version=str(version),
        token=_encode(version, start + limit) if more else "",
    )


def _at(store: ServerStore, request: ServerRequest, version: int) -> list[Object]:
    """The objects of the kind as they were at ``version``: today's, with later changes undone."""
    rows: dict[Key, Object] = dict(store.select(request.resource, request.namespace))
    resource = request.resource
    for change in reversed(store.history):
        if change.version <= version:
            break
        key = change.key
        ours = (key.group, key.plural) == (resource.group, resource.plural)
        if not ours or (request.namespace and key.namespace not in ("", request.namespace)):
            continue
        if change.before is None:
            rows.pop(key, None)
        else:
            rows[key] = change.before
    return [rows[key] for key in sorted(rows)]


def _encode(version: int, start: int) -> str:
    return base64.urlsafe_b64encode(structs.encode_json([version, start])).decode()


def _decode(token: str) -> tuple[int, int]:
    version, start = structs.decode_json(base64.urlsafe_b64decode(token))
    return int(version), int(start)
