"""Kinds of this plugin in the management cluster."""

from __future__ import annotations

from typing import Final

from akoo_core.plugin.kube import Resource

GROUP: Final = "akoo.io"
VERSION: Final = "v1alpha1"

CONNECTIONS = Resource(GROUP, VERSION, "vsphereconnections", "VSphereConnection", namespaced=False)
PORT_GROUPS = Resource(GROUP, VERSION, "vsphereportgroups", "VSpherePortGroup", namespaced=False)
