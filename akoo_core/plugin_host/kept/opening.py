"""Opens the secrets that plugins keep: bounded, isolated and seen like a verb."""

from __future__ import annotations

from akoo_core import errors
from akoo_core.plugin import api
from akoo_core.plugin.errors import BlockedError, VerbError
from akoo_core.plugin_host import bounded, context
from akoo_core.plugin_host.observed import observed

SECONDS = 30.0
"""The longest time for a plugin to open one of its secrets."""
_VERB = "open_secret"


class KeptSecrets:
    """Asks plugins for the secrets they keep. One per process."""

    def __init__(self, means: context.Means) -> None:
        self._means = means
        self._calls = bounded.PluginCalls()

    async def open(
        self, plugin: api.Plugin, source: api.SecretSource, *, record_name: str = ""
    ) -> bytes | None:
        """The value; None where the plugin has none.

        Raises BlockedError as the plugin does, and VerbError when it fails, takes longer than
        SECONDS, or returns what is neither bytes nor None. No message quotes the value.
        """
        call = bounded.PluginCall(plugin.name, _VERB, f"{record_name} {source.key}")
        ctx = context.build_secret_context(plugin, self._means, record_name=record_name)
        with observed(_VERB, plugin.name, record_name) as seen:
            try:
                value: object = await self._calls.run(
                    call, lambda: plugin.open_secret(source, ctx), seconds=SECONDS
                )
            except (VerbError, BlockedError, errors.LeadershipLostError):
                raise
            except Exception as error:
                raise call.failed(error) from error
            if value is not None and not isinstance(value, bytes):
                problem = f"it returned {type(value).__name__}, but may return bytes or None"
                raise VerbError(plugin.name, _VERB, problem)
            seen.answered(value)
        return value
