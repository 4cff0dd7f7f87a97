"""Measures avisim on this machine: `python -m akoo_testbed.avisim.figures [--objects N]`.

The server is a process of its own, as `akoo-testbed avisim` starts it; the client here speaks TLS
over a few connections and does as little as it can, so that the server is what is measured.
"""

import asyncio
import json
import pathlib
import ssl
import subprocess
import sys
import tempfile
import time
import typing
from collections.abc import Callable, Coroutine, Iterator

import click

CONNECTIONS = 8
GETS = 6000
POSTS = 2000
PAGES = 50
PASSWORD = "Figures-only-1"  # noqa: S105 - of a simulator that lives for a minute


class Connection:
    """One TLS connection with the headers of a session."""

    def __init__(self, port: int, tls: ssl.SSLContext, headers: str) -> None:
        self._port, self._tls, self._headers = port, tls, headers

    async def open(self) -> None:
        """Connect."""
        self._reader, self._writer = await asyncio.open_connection(
            "127.0.0.1", self._port, ssl=self._tls
        )

    async def call(self, method: str, target: str, body: bytes = b"") -> tuple[str, bytes]:
        """Head and body of the answer."""
        head = f"{method} {target} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\n{self._headers}"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self._writer.write(head.encode() + body)
        answer = (await self._reader.readuntil(b"\r\n\r\n")).decode()
        length = answer.lower().partition("content-length: ")[2].partition("\r\n")[0]
        return answer, await self._reader.readexactly(int(length or 0))

    def close(self) -> None:
        """Cut it."""
        self._writer.transport.abort()


Each = Callable[[Connection, int], Coroutine[typing.Any, typing.Any, None]]


async def _rate(connections: list[Connection], count: int, each: Each) -> float:
    """Calls per second over all connections."""
    numbers = iter(range(count))

    async def work(connection: Connection) -> None:
        for number in numbers:
            await each(connection, number)

    started = time.perf_counter()
    await asyncio.gather(*map(work, connections))
    return count / (time.perf_counter() - started)


def _expect(answer: str, status: int) -> None:
    if not answer.startswith(f"HTTP/1.1 {status}"):
        raise click.ClickException(answer.partition("\r\n")[0])


async def measure(port: int, ca_file: pathlib.Path, objects: int) -> Iterator[tuple[str, str]]:
    """Names and values of the figures."""
    tls = ssl.create_default_context(cafile=str(ca_file))
    headers = await _login(port, tls)
    connections = [Connection(port, tls, headers) for _ in range(CONNECTIONS)]
    await asyncio.gather(*(each.open() for each in connections))
    uuids: list[str] = []

    async def post(connection: Connection, number: int) -> None:
        server = {"ip": {"addr": "10.0.0.1", "type": "V4"}, "port": 8080}
        marker = {"key": "clustername", "values": [f"c{number % 50}"]}
        pool = {"name": f"pool-{len(uuids)}-{number}", "servers": [server], "markers": [marker]}
        answer, body = await connection.call("POST", "/api/pool", json.dumps(pool).encode())
        _expect(answer, 201)
        uuids.append(json.loads(body)["uuid"])

    async def get(connection: Connection, number: int) -> None:
        uuid = uuids[number * 7919 % len(uuids)]
        _expect((await connection.call("GET", f"/api/pool/{uuid}?include_name"))[0], 200)

    async def page(connection: Connection, number: int) -> None:
        target = f"/api/pool?page_size=200&include_name=true&page={number % (objects // 200) + 1}"
        _expect((await connection.call("GET", target))[0], 200)

    async def marked(connection: Connection, number: int) -> None:
        target = f"/api/pool?label_key=clustername&label_value=c{number % 50}&page_size=200"
        _expect((await connection.call("GET", target))[0], 200)

    rows = []
    await _rate(connections, objects, post)
    rows.append(
        (f"GET of one object, {objects} there", f"{await _rate(connections, GETS, get):.0f}/s")
    )
    rate = await _rate(connections, POSTS, post)
    rows.append((f"POST of a pool, {objects} there", f"{rate:.0f}/s"))
    seconds = 1 / await _rate(connections[:1], PAGES, page)
    rows.append(("page of 200", f"{seconds * 1000:.1f} ms"))
    seconds = 1 / await _rate(connections[:1], PAGES, marked)
    rows.append((f"search by marker over {len(uuids)}", f"{seconds * 1000:.1f} ms"))
    for connection in connections:
        connection.close()
    return iter(rows)


async def _login(port: int, tls: ssl.SSLContext) -> str:
    """Headers of a session."""
    connection = Connection(port, tls, "")
    await connection.open()
    credentials = {"username": "admin", "password": PASSWORD}
    answer, _ = await connection.call("POST", "/login", json.dumps(credentials).encode())
    _expect(answer, 200)
    connection.close()
    cookies = {}
    for line in answer.split("\r\n"):
        if line.lower().startswith("set-cookie: "):
            name, _, rest = line.partition(": ")[2].partition("=")
            cookies[name] = rest.partition(";")[0]
    joined = "; ".join(f"{name}={value}" for name, value in cookies.items())
    return (
        f"Cookie: {joined}\r\nX-CSRFToken: {cookies['csrftoken']}\r\nReferer: https://127.0.0.1\r\n"
        "X-Avi-Version: 30.2.1\r\nX-Avi-Tenant: admin\r\n"
    )


@click.command()
@click.option("--objects", type=click.IntRange(min=200), default=10_000, show_default=True)
def main(objects: int) -> None:
    """Start avisim, fill it, and print how fast it is."""
    with tempfile.TemporaryDirectory(prefix="avisim-figures-") as name:
        folder = pathlib.Path(name)
        (folder / "password").write_text(PASSWORD)
        line = [sys.executable, "-m", "akoo_testbed.cli", "avisim", "--ca-file", f"{folder}/ca.pem"]
        line += ["--password-file", f"{folder}/password"]
        started = time.perf_counter()
        with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as process:
            try:
                url = process.stdout.readline().strip() if process.stdout else ""
                click.echo(f"{'start of the process':<44} {time.perf_counter() - started:.2f} s")
                port = int(url.rpartition(":")[2])
                for title, value in asyncio.run(measure(port, folder / "ca.pem", objects)):
                    click.echo(f"{title:<44} {value}")
                pages = pathlib.Path(f"/proc/{process.pid}/statm").read_text().split()[1]
                click.echo(f"{'resident memory':<44} {int(pages) * 4096 >> 20} MiB")
            finally:
                process.terminate()


if __name__ == "__main__":
    main()
