"""The smallest bed: etcd and one kube-apiserver, for what needs no Cluster API."""

import typing

from akoo_testbed import base, parts


class BareServer:
    """Use as `async with`, or `start` and `stop`, on one event loop. Ready in three seconds."""

    def __init__(self) -> None:
        self.base = base.BedBase(needs=("etcd", "kubernetes"))

    async def __aenter__(self) -> typing.Self:
        await self.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start both; the server is ready when it returns. Raises BuildError or PartError."""
        await self.base.start()
        try:
            self.etcd = parts.Etcd(self.base)
            self.server = parts.ApiServer(self.base, self.etcd, "only")
            for part in (self.etcd, self.server):
                await part.start()
                await part.ready()
        except BaseException as error:
            if isinstance(error, Exception):
                self.base.keep_logs()
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop both, at once, and remove all files."""
        await self.base.stop()
