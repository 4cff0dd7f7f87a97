"""TCP and TLS to one vCenter, with its certificate checked before anything is sent."""

from __future__ import annotations

import socket
import ssl
import threading

from akoo_core.plugin import accounts, external
from akoo_vsphere.client import errors, trust
from akoo_vsphere.client.account import Account
from akoo_vsphere.client.wire import Exchange, LostError


class TlsOpener:
    """Opens connections. Used from several threads. Raises TlsError, LostError, OSError."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._lock = threading.Lock()
        self._context: ssl.SSLContext | None = None

    def open(self, exchange: Exchange) -> ssl.SSLSocket:
        """A connection whose certificate is trusted. A pin is compared for each of them."""
        with self._lock:
            context = self._context
        if context is None:
            context = self._make_context(exchange)
            with self._lock:
                self._context = context
        try:
            connection = self._handshake(context, exchange)
        except ssl.SSLCertVerificationError:
            with self._lock:
                self._context = None  # the CAs are read anew: they may have been renewed
            raise
        if self._account.thumbprint:
            try:
                trust.check_pin(connection.getpeercert(binary_form=True), self._account)
            except BaseException:
                connection.close()
                raise
        return connection

    def _make_context(self, exchange: Exchange) -> ssl.SSLContext:
        if not self._account.thumbprint:
            return trust.context(self._account)
        with self._handshake(trust.probing(), exchange) as connection:
            leaf = connection.getpeercert(binary_form=True)
        trust.check_pin(leaf, self._account)
        return trust.pinned(leaf or b"")

    def _handshake(self, context: ssl.SSLContext, exchange: Exchange) -> ssl.SSLSocket:
        where = self.where()
        proxy = external.proxy_for(*where)
        plain = _proxied(proxy, exchange) if proxy else _connect(where, exchange)
        try:
            exchange.attach(plain)
            plain.settimeout(exchange.left())
            if proxy:
                _tunnelled(plain, where, proxy, exchange)
                plain.settimeout(exchange.left())
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            wrapped = context.wrap_socket(
                plain, server_hostname=where[0], do_handshake_on_connect=False
            )
        except BaseException:
            exchange.detach()
            plain.close()
            raise
        try:
            exchange.attach(wrapped)
            wrapped.do_handshake()
        except BaseException:
            exchange.detach()
            wrapped.close()
            raise
        exchange.detach()
        return wrapped

    def where(self) -> tuple[str, int]:
        """Host and port. Raises UnreachableError for what is none."""
        parsed = accounts.parse(self._account.address)
        if parsed is None:
            raise errors.UnreachableError(
                "The address of a vCenter is not a host or host:port. Correct spec.address."
            )
        return parsed.endpoint


def _proxied(proxy: external.HttpProxy, exchange: Exchange) -> socket.socket:
    """A TCP connection to the proxy."""
    try:
        return _connect((proxy.host, proxy.port), exchange)
    except OSError:
        pass
    except LostError:
        exchange.left()
    raise LostError(external.unreachable_proxy(proxy), sent=False)


def _tunnelled(
    plain: socket.socket, where: tuple[str, int], proxy: external.HttpProxy, exchange: Exchange
) -> None:
    """Let the proxy connect ``plain`` to ``where``."""
    try:
        external.open_tunnel(plain, *where, proxy=proxy, seconds=exchange.left())
    except external.TunnelError as error:
        if exchange.aborted:
            exchange.left()
        raise LostError(str(error), sent=False) from None


def _connect(where: tuple[str, int], exchange: Exchange) -> socket.socket:
    """A TCP connection to the first of its addresses that answers."""
    try:
        targets = socket.getaddrinfo(*where, type=socket.SOCK_STREAM)
    except OSError:
        raise LostError("its name does not resolve", sent=False) from None
    failed: OSError | None = None
    for family, kind, protocol, _, target in targets:
        attempt = socket.socket(family, kind, protocol)
        try:
            attempt.settimeout(exchange.left())
            attempt.connect(target)
            return attempt
        except OSError as error:
            failed = error
            attempt.close()
        except BaseException:
            attempt.close()
            raise
    raise failed or OSError("no address")
