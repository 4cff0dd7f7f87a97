"""The client: method calls become requests, and answers become objects or errors."""

from __future__ import annotations

from collections.abc import Mapping

from akoo_avi.client import answers, api, calls, errors, listing
from akoo_avi.client.connection import AviConnection
from akoo_core.plugin import external
from akoo_core.plugin.structs import JSON


class Client:
    """An AviClient over a connection; see :class:`akoo_avi.client.AviClient`."""

    def __init__(
        self,
        connection: AviConnection,
        through: external.External,
        *,
        page_size: int = listing.PAGE_SIZE,
    ) -> None:
        self._connection = connection
        self._through = through
        self._page_size = page_size

    @property
    def address(self) -> str:
        return self._connection.address

    @property
    def username(self) -> str:
        return self._connection.username

    async def version(self) -> str:
        return await self._connection.version(self._through)

    async def get(
        self, path: str, *, tenant: str = "admin", params: Mapping[str, str] = api.NO_PARAMS
    ) -> JSON:
        return await self._call("GET", path, tenant, params=params)

    async def list(
        self,
        kind: str,
        *,
        tenant: str = api.ALL_TENANTS,
        params: Mapping[str, str] = api.NO_PARAMS,
    ) -> tuple[JSON, ...]:
        read_page = self._pages(kind, tenant, params)
        return await listing.read_all(read_page, title=f"The list of {kind} on {self.address}")

    async def seen(
        self,
        kind: str,
        *,
        tenant: str = api.ALL_TENANTS,
        params: Mapping[str, str] = api.NO_PARAMS,
    ) -> listing.ListedObjects:
        return await listing.read_seen(self._pages(kind, tenant, params))

    def _pages(self, kind: str, tenant: str, params: Mapping[str, str]) -> listing.ReadPage:
        # Sorted: without an order that is the same in every request, pages could overlap.
        order = {"sort": "name", "page_size": str(self._page_size)}
        fixed = {"include_name": "true", **order, **params}

        async def read_page(number: int) -> JSON:
            # Page 1 has no number: this is the request that everybody sends.
            page = {"page": str(number)} if number > 1 else {}
            return await self._call("GET", kind, tenant, params={**fixed, **page})

        return read_page

    async def create(self, kind: str, body: JSON, *, tenant: str) -> JSON:
        if tenant == api.ALL_TENANTS:
            raise ValueError("an object is created in one tenant")
        return await self._call("POST", kind, tenant, body=body)

    async def replace(self, kind: str, uuid: str, body: JSON, *, tenant: str) -> JSON:
        if not body.get("_last_modified"):
            raise ValueError(f"PUT of {kind} {uuid} without _last_modified would overwrite others")
        return await self._call("PUT", _path(kind, uuid), tenant, body=body)

    async def patch(self, kind: str, uuid: str, body: JSON, *, tenant: str) -> JSON:
        return await self._call("PATCH", _path(kind, uuid), tenant, body=body)

    async def delete(self, kind: str, uuid: str, *, tenant: str) -> bool:
        if not uuid:
            raise ValueError(f"DELETE of {kind} without a uuid")
        try:
            await self._call("DELETE", _path(kind, uuid), tenant)
        except errors.NotFoundError:
            return False
        return True

    async def _call(
        self,
        method: str,
        path: str,
        tenant: str,
        *,
        params: Mapping[str, str] = api.NO_PARAMS,
        body: JSON | None = None,
    ) -> JSON:
        call = calls.AviCall(method=method, path=path, tenant=tenant, params=params, body=body)
        answer = await self._connection.exchange(call, self._through)
        return answers.value(call, answer, self.address)


def _path(kind: str, uuid: str) -> str:
    if "/" in uuid:
        raise ValueError(f'"{uuid}" is no uuid')
    return f"{kind}/{uuid}" if uuid else kind
