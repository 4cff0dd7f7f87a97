"""A session that is closed with the last request in it."""

from __future__ import annotations

from akoo_avi.client import door


class SessionLease:
    """Counts the requests in ``session``: ``with lease: ...``. For one event loop."""

    def __init__(self, session: door.AviSession) -> None:
        self.session = session
        self._users = 0
        self._dropped = False

    def drop(self) -> None:
        """Begin no other request in it; close it when the last one ends."""
        self._dropped = True
        self._close_unused()

    def __enter__(self) -> door.AviSession:
        self._users += 1
        return self.session

    def __exit__(self, *_: object) -> None:
        self._users -= 1
        self._close_unused()

    def _close_unused(self) -> None:
        if self._dropped and self._users == 0:
            self.session.close()
