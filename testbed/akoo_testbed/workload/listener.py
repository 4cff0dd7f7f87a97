"""A TCP listener of a workload cluster's own, in front of the API server that serves it.

Bytes pass unchanged, TLS included. The listener can die, or be unwell, while the server lives.
"""

import asyncio
import contextlib
import enum

from akoo_testbed.process import ports

_CHUNK = 1 << 16


class Fault(enum.Enum):
    """The fault of a listener."""

    NONE = "none"
    REFUSE = "refuse"
    """Connections are refused, as by a machine where nobody listens; existing ones are cut."""
    HANG = "hang"
    """Connections are accepted, and stay; nothing passes in either direction."""


class Listener:
    """Forwards connections from a port on 127.0.0.1 to another until it is closed."""

    def __init__(self, target_port: int) -> None:
        self.port = ports.pick()
        self.delay_seconds = 0.0
        """Added before each chunk (up to 64 KiB) that passes, in both directions."""
        self.target_port = target_port
        """Of the server behind it; another one counts for the next connection."""
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._passing = asyncio.Event()
        self._passing.set()

    async def open(self) -> None:
        """Begin to listen."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)

    async def close(self) -> None:
        """Stop listening and cut all connections; done when it returns."""
        await self._refuse()
        ports.release(self.port)

    async def set_fault(self, fault: Fault) -> None:
        """Break the listener, or mend it with Fault.NONE."""
        if fault is Fault.REFUSE:
            await self._refuse()
        elif self._server is None:
            await self.open()
        if fault is Fault.HANG:
            self._passing.clear()
        else:
            self._passing.set()

    async def _refuse(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        if server is not None:
            await server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._server is None:  # accepted in the turn of the loop in which it was closed
            writer.transport.abort()
            return
        task = asyncio.create_task(self._serve(reader, writer), name=f"listener-{self.port}")
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)
        # Not in the task: it may be cancelled before its first line.
        task.add_done_callback(lambda _: writer.transport.abort())

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            onward = await asyncio.open_connection("127.0.0.1", self.target_port)
        except OSError:
            return
        pumps = [
            asyncio.create_task(self._pump(reader, onward[1])),
            asyncio.create_task(self._pump(onward[0], writer)),
        ]
        try:
            await asyncio.wait(pumps)
        finally:
            for pump in pumps:
                pump.cancel()
            onward[1].transport.abort()
            await asyncio.gather(*pumps, return_exceptions=True)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        """Move bytes one way until the source ends; then say so to the sink."""
        with contextlib.suppress(OSError):
            while chunk := await source.read(_CHUNK):
                if self.delay_seconds:
                    await asyncio.sleep(self.delay_seconds)
                await self._passing.wait()
                sink.write(chunk)
                await sink.drain()
            sink.write_eof()
            return
        sink.transport.abort()
