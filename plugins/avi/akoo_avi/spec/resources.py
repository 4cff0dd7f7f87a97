"""Kinds of ours in the management cluster."""

from __future__ import annotations

from typing import Final

from akoo_core.plugin.kube import Resource

GROUP: Final = "akoo.io"
VERSION: Final = "v1alpha1"

AVI_CONTROLLERS = Resource(GROUP, VERSION, "avicontrollers", "AviController", namespaced=False)
AVI_IP_POOLS = Resource(GROUP, VERSION, "aviippools", "AviIPPool", namespaced=False)
