"""An HTTPS server on loopback that gives every request the same answer, in threads of its own."""

from __future__ import annotations

import contextlib
import http.server
import pathlib
import ssl
import threading
from collections.abc import Iterator

from akoo_testbed.trust import certificates


class TlsServer(http.server.ThreadingHTTPServer):
    """Answers with ``body``. Its certificate is of a CA of its own."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, folder: pathlib.Path, body: bytes, names: tuple[str, ...]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        authority = certificates.Authority("tls-server")
        pair = authority.server(("localhost", *names), ("127.0.0.1",))
        self.ca_pem = authority.pem
        self.ca_file = folder / "ca.pem"
        self.ca_file.write_text(self.ca_pem)
        self.body = body
        self.requests: list[tuple[str, bytes]] = []
        file = folder / "server.pem"
        file.write_text(pair.certificate_pem + pair.key_pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        self.socket = context.wrap_socket(
            self.socket, server_side=True, do_handshake_on_connect=False
        )
        self.port = int(self.server_address[1])
        self.place = f"127.0.0.1:{self.port}"

    def handle_error(self, *_: object) -> None:
        """A client that does not trust the certificate."""


class _Handler(http.server.BaseHTTPRequestHandler):
    server: TlsServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.server.requests.append((self.path, sent))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(self.server.body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(self.server.body)

    do_POST = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        return


@contextlib.contextmanager
def running(
    folder: pathlib.Path, body: bytes = b"{}", names: tuple[str, ...] = ()
) -> Iterator[TlsServer]:
    """A server that runs until the body ends. ``names`` are further names of its certificate."""
    with TlsServer(folder, body, names) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
