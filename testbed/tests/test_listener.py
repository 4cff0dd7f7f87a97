"""A cluster's listener: bytes pass, until they do not."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from akoo_testbed.workload import listener

SECONDS = 10.0
HELLO = b"x" * 200_000


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


@pytest.fixture
async def front() -> AsyncIterator[listener.Listener]:
    async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
        front = listener.Listener(server.sockets[0].getsockname()[1])
        await front.open()
        yield front
        await front.close()


class Client:
    def __init__(self, front: listener.Listener) -> None:
        self.front = front

    async def __aenter__(self) -> "Client":
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.front.port)
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.writer.close()

    async def ask(self, data: bytes = b"ping") -> bytes:
        self.writer.write(data)
        return await asyncio.wait_for(self.reader.readexactly(len(data)), SECONDS)

    async def is_cut(self) -> bool:
        try:
            return await asyncio.wait_for(self.reader.read(), SECONDS) == b""
        except ConnectionError:
            return True


async def test_bytes_pass_both_ways(front: listener.Listener) -> None:
    async with Client(front) as client:
        assert await client.ask(HELLO) == HELLO


async def test_a_connection_that_has_only_just_come_is_cut(front: listener.Listener) -> None:
    """Before anybody has begun to serve it."""
    async with Client(front) as client:
        front._accept(client.reader, client.writer)
        await front.set_fault(listener.Fault.REFUSE)
        assert client.writer.transport.is_closing()


async def test_half_close_is_passed_on(front: listener.Listener) -> None:
    async with Client(front) as client:
        client.writer.write(b"last words")
        client.writer.write_eof()
        assert await asyncio.wait_for(client.reader.read(), SECONDS) == b"last words"


async def test_close_cuts_connections_and_refuses_new_ones(front: listener.Listener) -> None:
    async with Client(front) as client:
        await client.ask()
        await front.close()
        assert await client.is_cut()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", front.port)


async def test_refuse_and_mend(front: listener.Listener) -> None:
    async with Client(front) as client:
        await client.ask()
        await front.set_fault(listener.Fault.REFUSE)
        assert await client.is_cut()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", front.port)
    await front.set_fault(listener.Fault.NONE)
    async with Client(front) as client:
        assert await client.ask() == b"ping"


async def test_hang_holds_bytes_until_mended(front: listener.Listener) -> None:
    async with Client(front) as client:
        await client.ask()
        await front.set_fault(listener.Fault.HANG)
        client.writer.write(b"ping")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.reader.read(1), 0.1)
        await front.set_fault(listener.Fault.NONE)
        assert await asyncio.wait_for(client.reader.readexactly(4), SECONDS) == b"ping"


async def test_delay_is_added_to_each_chunk_in_both_directions(front: listener.Listener) -> None:
    loop = asyncio.get_running_loop()
    front.delay_seconds = 0.05
    async with Client(front) as client:
        started = loop.time()
        await client.ask()
        assert loop.time() - started >= 0.1


async def test_a_server_that_is_down_cuts_the_client(front: listener.Listener) -> None:
    down = listener.Listener(front.port)
    await front.close()
    await down.open()
    async with Client(down) as client:
        assert await client.is_cut()
    await down.close()
