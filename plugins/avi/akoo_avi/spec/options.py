"""``spec.plugins.avi``: options beyond the ancestor's fields. Strict: a misspelt key is an
error."""

from __future__ import annotations

from akoo_core.plugin import structs


class Options(structs.StrictStruct, frozen=True, kw_only=True):
    """Options of one AKODeploymentConfig."""

    controller: str = ""
    """Name of an AviController with address, credential and CA; then spec.controller,
    spec.adminCredentialRef and spec.certificateAuthorityRef do not count."""
    ip_pools: tuple[str, ...] = ()
    """Names of AviIPPools that clusters of this config take addresses from: these pools stay while
    one of the clusters does."""
