"""The store that the settings choose."""

from __future__ import annotations

from akoo_tenancy.spec import settings
from akoo_tenancy.store import api, kept, vault


def stores(chosen: settings.Settings) -> api.Stores:
    """The stores of this process, of settings that were checked. No I/O."""
    if chosen.store == "Vault":
        return vault.VaultStores(chosen.vault)
    return kept.KeptStores()
