"""`akoo-core` without a command: the operator itself."""

from __future__ import annotations

import asyncio
import os
import pathlib

from akoo_core import settings
from akoo_core.app import gc_tuning, operator
from akoo_core.cli import management
from akoo_core.plugin_host import loader
from akoo_core.telemetry import logs


def run(
    *,
    kubeconfig: pathlib.Path | None,
    plugins: str | None,
    config: pathlib.Path | None,
    namespace: str | None = None,
) -> int:
    """Read settings, load plugins, run until SIGTERM; the exit code. Raises InputError."""
    management_cluster = management.chosen(kubeconfig)
    loaded = settings.load(
        config, os.environ, {"enabledPlugins": plugins, "watchNamespace": namespace}
    )
    plugin_set = loader.load(loaded)
    log = loaded.settings.log
    logs.set_up(level=log.level, style=log.format)
    gc_tuning.settle()
    return asyncio.run(operator.run(loaded.settings, plugin_set, management_cluster))
