"""An HTTP proxy on loopback that only knows CONNECT, in threads of its own."""

from __future__ import annotations

import contextlib
import dataclasses
import select
import socket
import socketserver
import threading
from collections.abc import Iterator

import pytest

from akoo_core import external
from akoo_core.outside import failures, proxies, tunnel

CREDENTIAL = "operator:c4nary-of-the-proxy"
HEADER = "Basic b3BlcmF0b3I6YzRuYXJ5LW9mLXRoZS1wcm94eQ=="
HOSTILE = ("refuses", "babbles", "is silent", "closes")
"""Behaviours of a proxy that opens no connection."""


class ConnectProxy(socketserver.ThreadingTCPServer):
    """Opens every connection and notes its target.

    With ``status`` it refuses each of them; with ``answer`` it sends these bytes and closes. With
    ``silent`` it accepts and says nothing until it stops.
    """

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.proxy = proxies.HttpProxy("127.0.0.1", self.server_address[1])
        self.status = 0
        self.answer = b""
        self.silent = False
        self.stopping = threading.Event()
        self.credentials: list[str] = []
        self.targets: list[str] = []
        self.routes: dict[str, tuple[str, int]] = {}
        """Servers that stand for targets with another name."""
        self.seen: list[bytes] = []
        """The bytes that clients sent through it."""
        self.open: set[socket.socket] = set()

    def behave(self, behaviour: str, monkeypatch: pytest.MonkeyPatch) -> str:
        """Behave like that from now on; the problem that a client with CREDENTIAL reports."""
        proxy = dataclasses.replace(self.proxy, username="operator", password="x")
        match behaviour:
            case "refuses":
                self.status = 407
                return failures.refused(proxy, 407)
            case "babbles":
                self.answer = b"SSH-2.0-babble\r\n\r\n"
            case "closes":
                self.answer = b"HTTP/1.1 200"
            case "is silent":
                monkeypatch.setattr(tunnel, "SHARE", 0.02)
                self.silent = True
                return failures.silent(proxy)
        return failures.strange(proxy)

    def seam(self, *no_proxy: str, credential: str = "") -> external.External:
        """A seam whose calls go through this proxy, but for these entries."""
        return external.External(through=self.through(*no_proxy, credential=credential))

    def through(self, *no_proxy: str, credential: str = "") -> proxies.Proxies:
        """This proxy, also for loopback. ``credential`` is ``user:password``."""
        username, _, password = credential.partition(":")
        proxy = dataclasses.replace(self.proxy, username=username, password=password)
        return proxies.parse(self.url, no_proxy)._replace(proxy=proxy)


class _Handler(socketserver.BaseRequestHandler):
    server: ConnectProxy

    def handle(self) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = self.request.recv(1)
            if not byte:
                return
            head += byte
        first, *lines = head.decode().split("\r\n")
        method, target, _ = first.split(" ")
        self.server.targets.append(target)
        headers = dict(line.split(": ", 1) for line in lines if line)
        self.server.credentials.append(headers.get("Proxy-Authorization", ""))
        if self.server.silent:
            self.server.stopping.wait()
            return
        if self.server.answer:
            self.request.sendall(self.server.answer)
            return
        if method != "CONNECT" or self.server.status:
            self.request.sendall(b"HTTP/1.1 %d No\r\n\r\n" % (self.server.status or 405))
            return
        host, _, port = target.rpartition(":")
        server = self.server.routes.get(target, (host.strip("[]"), int(port)))
        with socket.create_connection(server, 5) as far:
            self.request.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            with self._noted(far), contextlib.suppress(OSError):
                self._relay(far)

    @contextlib.contextmanager
    def _noted(self, far: socket.socket) -> Iterator[None]:
        ends = {far, self.request}
        self.server.open |= ends
        try:
            yield
        finally:
            self.server.open -= ends

    def _relay(self, far: socket.socket) -> None:
        while True:
            for end in select.select([far, self.request], [], [])[0]:
                data = end.recv(65536)
                if not data:
                    return
                if end is self.request:
                    self.server.seen.append(data)
                (far if end is self.request else self.request).sendall(data)


@contextlib.contextmanager
def running() -> Iterator[ConnectProxy]:
    """A proxy that runs until the body ends; then all its connections are cut."""
    with ConnectProxy() as proxy:
        thread = threading.Thread(target=proxy.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            proxy.stopping.set()
            proxy.shutdown()
            thread.join()
            for end in tuple(proxy.open):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
