"""kapp-controller, as far as a package's objects are restored at an interval."""

import collections.abc

from akoo_testbed import kubeapi
from akoo_testbed.ancestor import objects
from akoo_testbed.ancestor.api import Api
from akoo_testbed.ancestor.objects import Object


class Kapp:
    """The package of the ancestor, or the one of `install` (namespace and name of its
    PackageInstall). It does nothing while its PackageInstall is paused."""

    def __init__(
        self,
        api: Api,
        package: collections.abc.Sequence[Object],
        *,
        heeds_pause: bool = True,
        install: tuple[str, str] = (objects.MANAGEMENT_NAMESPACE, objects.PACKAGE),
    ) -> None:
        self._api = api
        self._package = package
        self._heeds_pause = heeds_pause
        self._install = install

    async def step(self) -> bool:
        """One interval. False if nothing was compared."""
        install = await self._api.find(objects.PACKAGE_INSTALLS, *self._install)
        if install is None or (self._heeds_pause and install["spec"].get("paused")):
            return False
        for wanted in self._package:
            await self._restore(wanted)
        return True

    async def _restore(self, wanted: Object) -> None:
        kind, metadata = kubeapi.kind_of(wanted), wanted["metadata"]
        namespace, name = metadata.get("namespace"), metadata["name"]
        live = await self._api.find(kind, namespace, name)
        if live is None:
            await self._api.create(wanted)
        elif any(live.get(field) != wanted[field] for field in _content(wanted)):
            body = {field: wanted[field] for field in _content(wanted)}
            await self._api.patch(kind, namespace, name, body)


def _content(obj: Object) -> list[str]:
    return [field for field in obj if field not in ("apiVersion", "kind", "metadata", "status")]
