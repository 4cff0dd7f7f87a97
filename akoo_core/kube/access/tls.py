"""TLS contexts of API servers, made from bytes, so that no key stays on a disk."""

from __future__ import annotations

import contextlib
import os
import pathlib
import ssl
import tempfile
from collections.abc import Iterator

from akoo_core import trust


def client_context(
    *,
    ca: bytes | None,
    certificate: bytes | None = None,
    key: bytes | None = None,
    insecure: bool = False,
    peer: trust.Peer | None = None,
) -> ssl.SSLContext:
    """A context that trusts ``ca`` (PEM) only (see :mod:`akoo_core.trust`), with an optional
    client certificate. ``peer`` takes the server's certificate after each handshake.

    Without ``ca`` the system's trust store is read, which takes 17 ms: call it in a thread then.
    Raises ssl.SSLError or ValueError on what is not PEM, or a key that does not fit.
    """
    context = trust.context(ca or None, peer=peer)
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if certificate and key:
        with _as_file(certificate) as certificate_path, _as_file(key) as key_path:
            # An encrypted key must fail, not ask for its password on the terminal.
            context.load_cert_chain(certificate_path, key_path, password="")
    return context


@contextlib.contextmanager
def _as_file(data: bytes) -> Iterator[str]:
    """``data`` under a path, because OpenSSL reads keys from paths only. In memory where Linux
    allows it (a read-only root file system has no place for it either), else in our own folder
    (mode 0700), removed at once."""
    try:
        descriptor = os.memfd_create("akoo", os.MFD_CLOEXEC)
    except (AttributeError, OSError):
        with tempfile.TemporaryDirectory(prefix="akoo-") as folder:
            path = pathlib.Path(folder) / "pem"
            path.write_bytes(data)
            yield str(path)
        return
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        yield f"/proc/self/fd/{descriptor}"
