"""etcd: one member, serves all API servers of a test bed, each under a prefix of its own."""

import base64
import typing
from collections.abc import Iterable, Mapping

import aiohttp

from akoo_testbed import base
from akoo_testbed.parts import part
from akoo_testbed.process import ports

_OPERATIONS = 100
"""In one transaction; etcd takes 128."""


class Etcd(part.Part):
    """A single member without fsync: its data is not worth a disk's time."""

    def __init__(self, bed_base: base.BedBase) -> None:
        super().__init__(bed_base, "etcd")
        self.url = f"http://127.0.0.1:{ports.pick()}"
        self._peer_url = f"http://127.0.0.1:{ports.pick()}"
        self._data = bed_base.data_folder("etcd")

    def command(self) -> list[str]:
        return [
            str(self.base.built.binary("etcd")),
            f"--data-dir={self._data}",
            f"--listen-client-urls={self.url}",
            f"--advertise-client-urls={self.url}",
            f"--listen-peer-urls={self._peer_url}",
            f"--initial-advertise-peer-urls={self._peer_url}",
            f"--initial-cluster=default={self._peer_url}",
            "--unsafe-no-fsync",
            "--log-level=error",
        ]

    async def probe(self) -> bool:
        return await part.http_ok(f"{self.url}/readyz")

    async def drop(self, prefix: str) -> None:
        """Delete all keys under a prefix, for example "/workload-1"; no API server may use it."""
        await self._ask("kv/deleterange", _all_under(prefix))

    async def contents(self, prefix: str) -> dict[bytes, bytes]:
        """Everything under a prefix, by the whole key."""
        answer = await self._ask("kv/range", _all_under(prefix))
        return {
            base64.b64decode(each["key"]): base64.b64decode(each["value"])
            for each in answer.get("kvs", ())
        }

    async def change(self, put: Mapping[bytes, bytes], delete: Iterable[bytes]) -> None:
        """Write and delete keys, in transactions of a hundred; API servers hear of it as ever."""
        work: list[dict[str, typing.Any]] = [
            {"request_delete_range": {"key": _base64(key)}} for key in delete
        ]
        for key, value in put.items():
            work.append({"request_put": {"key": _base64(key), "value": _base64(value)}})
        for first in range(0, len(work), _OPERATIONS):
            await self._ask("kv/txn", {"success": work[first : first + _OPERATIONS]})

    async def compact(self) -> int:
        """Forget all history up to now; the revision from which there is some.

        Whoever asks an API server for changes since an older version is told 410, as soon as the
        server does not remember them itself: after it was started again.
        """
        answer = await self._ask("kv/range", {"key": _base64(b"\0"), "count_only": True})
        revision = int(answer["header"]["revision"])
        await self._ask("kv/compaction", {"revision": str(revision), "physical": True})
        return revision

    async def _ask(self, path: str, body: dict[str, typing.Any]) -> dict[str, typing.Any]:
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.url}/v3/{path}", json=body) as response,
        ):
            response.raise_for_status()
            answer: dict[str, typing.Any] = await response.json()
            return answer


def _all_under(prefix: str) -> dict[str, str]:
    first = f"{prefix}/".encode()
    last = f"{prefix}0".encode()  # "0" follows "/": the end of all that begins with "prefix/"
    return {"key": _base64(first), "range_end": _base64(last)}


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
