"""Kinds in the management cluster: ours, and those of the vSphere plugin that are read here."""

from __future__ import annotations

from typing import Final

from akoo_avi.client.access import avi_controller
from akoo_core.plugin.kube import Resource

GROUP: Final = "akoo.io"
VERSION: Final = "v1alpha1"

AVI_CONTROLLERS = avi_controller.AVI_CONTROLLERS
AVI_IP_POOLS = Resource(GROUP, VERSION, "aviippools", "AviIPPool", namespaced=False)
VSPHERE_PORT_GROUPS = Resource(
    GROUP, VERSION, "vsphereportgroups", "VSpherePortGroup", namespaced=False
)
VSPHERE_CONNECTIONS = Resource(
    GROUP, VERSION, "vsphereconnections", "VSphereConnection", namespaced=False
)
