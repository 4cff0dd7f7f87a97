"""A small Kubernetes client for the test bed and for tests: plain dicts in and out.

A kind is written `apiVersion/Kind`: `v1/Pod`, `apps/v1/StatefulSet`; the namespace of what has
none is None. Calls end within `kuberest.CALL_SECONDS`; a refusal raises `ApiError`.
"""

import asyncio
import collections.abc
import contextlib

from akoo_testbed.kube import kuberest, kubewatch
from akoo_testbed.kube.kuberest import HICCUPS, ApiError, Object
from akoo_testbed.kube.kubewatch import Event

__all__ = ["HICCUPS", "ApiError", "Event", "KubeApi", "Object", "kind_of"]

_TOKEN_SECONDS = 86_400
_PATCH_TYPES = {dict: "application/merge-patch+json", list: "application/json-patch+json"}


def kind_of(obj: Object) -> str:
    """`apiVersion/Kind` of an object."""
    return f"{obj['apiVersion']}/{obj['kind']}"


class KubeApi(kuberest.Transport):
    """The verbs, on one API server."""

    async def get(self, kind: str, namespace: str | None, name: str) -> Object:
        """One object; ApiError 404 if there is none."""
        return await self.request("GET", await self.path(kind, namespace, name))

    async def find(self, kind: str, namespace: str | None, name: str) -> Object | None:
        """One object, or None."""
        try:
            return await self.get(kind, namespace, name)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    async def list(
        self, kind: str, namespace: str | None = None, *, labels: str = "", fields: str = ""
    ) -> collections.abc.Sequence[Object]:
        """All objects of a kind that match the selectors, with apiVersion and kind filled in."""
        return (await self.list_at(kind, namespace, labels=labels, fields=fields))[0]

    async def create(self, obj: Object, *, manager: str = "") -> Object:
        """Create; ApiError 409 if it exists. `manager` owns its fields; "": this program."""
        path = await self.path(kind_of(obj), obj["metadata"].get("namespace"))
        params = {"fieldManager": manager} if manager else None
        return await self.request("POST", path, obj, params=params)

    async def apply(self, obj: Object, *, manager: str = "akoo-testbed") -> Object:
        """Server-side apply, conflicts forced."""
        metadata = obj["metadata"]
        path = await self.path(kind_of(obj), metadata.get("namespace"), metadata["name"])
        params = {"fieldManager": manager, "force": "true"}
        return await self.request(
            "PATCH", path, obj, params=params, content_type="application/apply-patch+yaml"
        )

    async def patch(
        self,
        kind: str,
        namespace: str | None,
        name: str,
        body: Object | collections.abc.Sequence[Object],
        *,
        subresource: str = "",
    ) -> Object:
        """Merge patch when `body` is a dict, JSON patch when it is a list."""
        path = await self.path(kind, namespace, name) + (f"/{subresource}" if subresource else "")
        return await self.request("PATCH", path, body, content_type=_PATCH_TYPES[type(body)])

    async def delete(
        self,
        kind: str,
        namespace: str | None,
        name: str,
        *,
        grace_seconds: int | None = None,
        uid: str | None = None,
        propagation: str = "Background",
    ) -> None:
        """Delete; an object that is gone already is fine, one with another `uid` is a 409."""
        options: Object = {"propagationPolicy": propagation}
        if grace_seconds is not None:
            options["gracePeriodSeconds"] = grace_seconds
        if uid:
            options["preconditions"] = {"uid": uid}
        try:
            await self.request("DELETE", await self.path(kind, namespace, name), options)
        except ApiError as error:
            if error.status != 404:
                raise

    def watch(
        self, kind: str, namespace: str | None = None, *, labels: str = "", fields: str = ""
    ) -> collections.abc.AsyncGenerator[Event, None]:
        """All objects of a kind, then every change, for ever: see `kubewatch.watch`."""
        return kubewatch.watch(self, kind, namespace, labels=labels, fields=fields)

    async def token(self, namespace: str, account: str, *audiences: str) -> str:
        """A token of a ServiceAccount, for a day; no audiences: for the API server. Secret."""
        spec = {"expirationSeconds": _TOKEN_SECONDS, "audiences": list(audiences)}
        request = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {key: value for key, value in spec.items() if value},
        }
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
        answer = await self.request("POST", path, request)
        return str(answer["status"]["token"])

    async def wait_for(
        self,
        kind: str,
        namespace: str | None,
        name: str,
        predicate: collections.abc.Callable[[Object | None], object],
        deadline: float = 30.0,
    ) -> Object | None:
        """The object, or None for its absence, as soon as `predicate` accepts it.

        TimeoutError after `deadline` seconds, with what was seen last.
        """
        last: Object | None = None
        try:
            async with (
                asyncio.timeout(deadline),
                contextlib.aclosing(
                    self.watch(kind, namespace, fields=f"metadata.name={name}")
                ) as w,
            ):
                async for event in w:
                    if event.type != "SYNCED":
                        last = None if event.type == "DELETED" else event.object
                    if predicate(last):
                        return last
        except TimeoutError:
            raise TimeoutError(
                f"{kind} {namespace}/{name} was not as expected after {deadline} s; "
                f"last seen: {_digest(last)}"
            ) from None
        raise AssertionError("a watch does not end")


def _digest(obj: Object | None) -> Object | None:
    """The part of an object that an error may show: nothing that could be a Secret's data."""
    if obj is None:
        return None
    shown = ("deletionTimestamp", "finalizers")
    metadata = {key: obj["metadata"][key] for key in shown if key in obj["metadata"]}
    return metadata | {"status": obj.get("status")}
