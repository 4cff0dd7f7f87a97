"""The Avi plugin: keeps the Avi Controller in order for every cluster."""

from __future__ import annotations

from akoo_core.plugins import api


class AviPlugin(api.Plugin):
    """The verbs, each handed to the module of its name."""
