"""The part of a Kubernetes API that the ancestor uses; `akoo_testbed.kubeapi.KubeApi` has it."""

import collections.abc
import typing

from akoo_testbed.ancestor.objects import Object

Operations = collections.abc.Sequence[Object]
"""Of a JSON patch."""


class Api(typing.Protocol):
    """The verbs. A refused call raises `akoo_testbed.kubeapi.ApiError`."""

    async def find(self, kind: str, namespace: str | None, name: str) -> Object | None:
        """One object, or None."""
        ...

    async def list(
        self, kind: str, namespace: str | None = None
    ) -> collections.abc.Sequence[Object]:
        """All objects of a kind."""
        ...

    async def create(self, obj: Object) -> Object:
        """Create it; 409 if it exists."""
        ...

    async def patch(
        self,
        kind: str,
        namespace: str | None,
        name: str,
        body: Object | Operations,
        *,
        subresource: str = "",
    ) -> Object:
        """Merge patch of a dict, JSON patch of a list."""
        ...

    async def delete(self, kind: str, namespace: str | None, name: str) -> None:
        """Delete it; one that is gone is fine."""
        ...
