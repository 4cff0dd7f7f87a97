"""The store in Secrets of the operator's namespace, for installations without Vault.

It is the weaker one: whoever may read these Secrets has every account, and a Secret that is removed
takes its count of versions with it. One Secret holds all versions of a key; each write is one
compare-and-set on it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import Final

from akoo_core.plugin import api as core_api
from akoo_core.plugin import kube, structs
from akoo_core.plugin.errors import KeptConflictError, KeptForeignError
from akoo_tenancy.store import api, document, errors

_DATA: Final = "history"
_SEPARATOR: Final = "."


class KeptStores:
    """The Secrets of the plugin. There is no login, and nothing to close."""

    def of(self, ctx: api.Means) -> api.Store:
        """As :meth:`api.Stores.of`. Raises MisconfiguredError outside of the operator."""
        if ctx.keep is None:
            raise errors.MisconfiguredError(
                "This process keeps no Secrets: plugins.tenancy.store is Secret, and the namespace "
                "of the operator is not known here."
            )
        return KeptStore(ctx.keep)

    async def close(self) -> None:
        """As :meth:`api.Stores.close`."""


class KeptStore:
    """A store for one call of a verb; see :class:`api.Store`."""

    def __init__(self, keep: core_api.Keep) -> None:
        self._keep = keep

    async def read(self, key: api.Key) -> api.Document:
        """As :meth:`api.Store.read`."""
        return await self.read_version(key, 0)

    async def read_version(self, key: api.Key, version: int) -> api.Document:
        """As :meth:`api.Store.read_version`; 0 is the current one."""
        history, _ = await self._get(key)
        read = document.read(history, version, key=key)
        api.register(read.data)
        return read

    async def write(self, key: api.Key, data: structs.JSON, *, expected: int) -> int:
        """As :meth:`api.Store.write`."""
        api.check_data(data)
        api.register(data)
        history, kept = await self._get(key)
        written = document.written(history, data, expected=expected, key=key, most=api.MAX_VERSIONS)
        await self._put(key, written, kept)
        return written.current

    async def destroy(self, key: api.Key, versions: Iterable[int]) -> None:
        """As :meth:`api.Store.destroy`."""
        numbers = tuple(versions)
        if not numbers:
            return
        history, kept = await self._get(key)
        destroyed = document.destroyed(history, numbers)
        if destroyed != history:
            await self._put(key, destroyed, kept)

    async def metadata(self, key: api.Key) -> api.Metadata:
        """As :meth:`api.Store.metadata`."""
        history, _ = await self._get(key)
        return document.metadata(history, key)

    async def names(self, folder: api.Key) -> tuple[str, ...]:
        """As :meth:`api.Store.names`."""
        prefix = f"{_name(folder)}{_SEPARATOR}"
        with _translated(folder, writes=False):
            names = await self._keep.names(prefix)
        below = [name.removeprefix(prefix) for name in names]
        return tuple(sorted(name for name in below if _SEPARATOR not in name))

    async def state(self) -> api.State:
        """As :meth:`api.Store.state`."""
        await self.names(api.RECORDS)
        return api.State(kind="Secret", address="the operator's namespace")

    async def _get(self, key: api.Key) -> tuple[document.History, core_api.KeptSecret | None]:
        with _translated(key, writes=False):
            kept = await self._keep.get(_name(key))
        if kept is None:
            return document.EMPTY, None
        try:
            history = structs.convert(
                structs.decode_json(kept.data[_DATA]), document.History, path=_DATA
            )
        except (KeyError, structs.DecodeError):
            raise errors.UnexpectedError(
                f'The kept Secret "{kept.name}" in the operator\'s namespace has no history of '
                "versions any more: somebody edited it. Restore it from a backup."
            ) from None
        return history, kept

    async def _put(
        self, key: api.Key, history: document.History, kept: core_api.KeptSecret | None
    ) -> None:
        data = {_DATA: structs.encode_json(history)}
        with _translated(key, writes=True):
            if kept is None:
                await self._keep.create(_name(key), data)
            else:
                await self._keep.replace(kept.name, data, version=kept.version)


def _name(key: api.Key) -> str:
    """The name of the Secret. Raises ValueError for a segment with a dot, which divides them."""
    if any(_SEPARATOR in segment for segment in key.segments):
        raise ValueError(f"{key} has a dot, which a key of the Secret store cannot have.")
    return _SEPARATOR.join(key.segments)


@contextlib.contextmanager
def _translated(key: api.Key, *, writes: bool) -> Iterator[None]:
    """Translate the errors of the API server to those of a store."""
    about = f"kept Secret {_name(key)}"
    try:
        yield
    except KeptConflictError:
        raise errors.ConflictError(
            f"The {about} changed: another writer was faster. It is read again."
        ) from None
    except KeptForeignError as error:
        raise errors.MisconfiguredError(str(error)) from None
    except kube.ForbiddenError as error:
        path = f"secrets in the operator's namespace ({about})"
        raise errors.DeniedError(
            f"{error.message} Apply the Role that akoo-core rbac renders.", path
        ) from None
    except kube.TooManyRequestsError:
        raise errors.UnavailableError(
            f"The API server asks us to slow down ({about}); it is asked again.",
            errors.Cause.THROTTLED,
        ) from None
    except (kube.UnreachableError, kube.ServerError, TimeoutError) as error:
        raise errors.UnavailableError(
            f"The API server does not serve the {about}; it is asked again.",
            errors.Cause.UNREACHABLE,
            outcome_unknown=writes and not isinstance(error, kube.CircuitOpenError),
        ) from None
    except kube.KubeError as error:
        raise errors.UnexpectedError(
            f"The API server refuses the {about} ({error.status} {error.reason}). This is a "
            "defect; report it."
        ) from None
