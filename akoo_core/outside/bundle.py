"""The CAs of the setting ``caBundle``: a file that may change while this process runs."""

from __future__ import annotations

import logging
import pathlib

from akoo_core import trust

_log = logging.getLogger(__name__)


class CaBundle:
    """CAs (PEM) for systems outside that name no CA of their own, beside those of the system.

    Raises ValueError for a file that cannot be read or holds no certificate.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._kept = self._read()
        self._problem = ""

    def pem(self) -> bytes:
        """The file as it is now; while it cannot be used, its last good content."""
        try:
            self._kept, self._problem = self._read(), ""
        except ValueError as error:
            if str(error) != self._problem:
                self._problem = str(error)
                _log.warning("caBundle: %s; its last content counts", error)
        return self._kept

    def _read(self) -> bytes:
        try:
            content = pathlib.Path(self.path).read_bytes()
        except OSError as error:
            raise ValueError(f"{self.path} cannot be read ({error.strerror})") from None
        try:
            trust.check(content)
        except ValueError:
            raise ValueError(f"{self.path} holds no certificate in PEM") from None
        return content
