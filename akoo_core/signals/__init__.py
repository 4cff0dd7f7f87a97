"""The signals of the core, and those that plugins name in ``Plugin.signals``.

``make generate`` makes rules, dashboards and pages of them. No operator loads this package.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping

from akoo_core import errors
from akoo_core.plugin import api
from akoo_core.plugin.signals import Signals
from akoo_core.signals import alerts, boards, sections

CORE = Signals(sections=sections.SECTIONS, alerts=alerts.ALERTS, boards=boards.BOARDS)


def of(plugins: Mapping[str, type[api.Plugin]]) -> dict[str, Signals]:
    """Signals by the name of their plugin, those of the core as "". Raises InputError."""
    return {"": CORE} | {name: _load(name, kind) for name, kind in plugins.items() if kind.signals}


def _load(plugin: str, kind: type[api.Plugin]) -> Signals:
    module, _, name = kind.signals.partition(":")
    try:
        loaded = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise errors.InputError(f"signals {kind.signals} of plugin {plugin}: {error}") from error
    if not isinstance(loaded, Signals):
        raise errors.InputError(f"signals {kind.signals} of plugin {plugin} are no Signals")
    return loaded
