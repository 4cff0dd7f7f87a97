"""The way to an Avi Controller from the objects of the management cluster. For every plugin.

A plugin other than ``avi`` imports this package and :mod:`akoo_avi.client`, and nothing else of
``akoo_avi``. Plugin ``avi`` need not be selected::

    class MyPlugin(api.Plugin):
        def __init__(self, chosen, clients=None):
            super().__init__(chosen)
            self._clients = clients or access.SharedControllers()

        @api.hookimpl
        async def prepare(self, ctx):
            try:
                reach = await access.of_config(ctx.shared, ctx.view.config)
                avi = await access.open(ctx, self._clients, reach)
                tenants = await avi.list("tenant")
            except access.ANSWERED as error:
                return access.answer(error)
            ...

        @api.hookimpl
        def secret_references(self, view):
            return implicit.secrets(view.config)

        async def close(self):
            await self._clients.close()

- ``reach``: address, account and CA as a value, to be stored in the intent for leaving.
- ``avi_controller``, ``implicit``: the AviController that a config names, or its own controller. A
  controller of the plugin must watch AviControllers: then ``ctx.shared`` reads them.
- ``opening``: reads the Secrets, sends a credential only to the hosts that its Secret allows, and
  goes by the refused logins that the core remembers.
- ``shared``: one registry for all plugins of a process: a session per credential, one count of
  refused logins.
- ``answers``, ``refusal``: results for errors. ``patience``: backoff for a silent controller.
- ``sight``: rights of our own user, before an empty list counts.
- ``named``, ``nearest``: reads a named object, or refuses with the nearest names.
"""

from akoo_avi.client.access.answers import ANSWERED, answer
from akoo_avi.client.access.implicit import of_config
from akoo_avi.client.access.opening import AccessContext, open  # noqa: A004 - access.open reads well
from akoo_avi.client.access.reach import Reach
from akoo_avi.client.access.refusal import Delay, Refusal
from akoo_avi.client.access.shared import SharedControllers

__all__ = [
    "ANSWERED",
    "AccessContext",
    "Delay",
    "Reach",
    "Refusal",
    "SharedControllers",
    "answer",
    "of_config",
    "open",
]
