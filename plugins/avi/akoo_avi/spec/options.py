"""``spec.plugins.avi``: what the ancestor's fields do not reach. Strict: a typing error is one."""

from __future__ import annotations

from akoo_core.plugin import structs


class Options(structs.StrictStruct, frozen=True, kw_only=True):
    """Per AKODeploymentConfig."""

    controller: str = ""
    """Name of an AviController. It then says address, credential and CA; spec.controller,
    spec.adminCredentialRef and spec.certificateAuthorityRef do not count."""
    ip_pools: tuple[str, ...] = ()
    """Names of AviIPPools that clusters of this config take addresses from: they stay while one of
    these clusters does."""
