"""``spec.plugins.vsphere`` of an ADC: the port group under the load balancer. Pure."""

from __future__ import annotations

import re
from typing import Final

from akoo_core.plugin import structs
from akoo_vsphere.spec import refusal
from akoo_vsphere.spec import template as templates
from akoo_vsphere.spec.template import Template

PATH: Final = "spec.plugins.vsphere"
_NAME = re.compile(r"[a-z0-9](?:[-a-z0-9.]{0,61}[a-z0-9])?")
"""A name of at most 63 characters, as the mark in vCenter takes it."""


class Options(structs.StrictStruct, frozen=True, kw_only=True):
    """At most one of both. None: the plugin has nothing to do for the clusters of the config."""

    port_group_ref: str = ""
    """Name of a VSpherePortGroup that all clusters of the config share."""
    port_group_template: Template | None = None
    """The VSpherePortGroup that is made for the config, or one for each of its clusters."""


def check(options: Options) -> None:
    """Raise Refusal for options that cannot be used."""
    if options.port_group_ref and options.port_group_template is not None:
        raise refusal.Refusal(
            "ConfigConflict",
            f"{PATH} has portGroupRef and portGroupTemplate. Remove one of them: portGroupRef "
            "names a VSpherePortGroup of yours, portGroupTemplate has one made.",
        )
    if options.port_group_ref and not _NAME.fullmatch(options.port_group_ref):
        raise refusal.invalid(
            f"{PATH}.portGroupRef", "is not the name of an object", "Name a VSpherePortGroup"
        )
    if options.port_group_template is not None:
        templates.check(options.port_group_template)


def port_group_name(options: Options, config: str, record: str) -> str:
    """Name of the VSpherePortGroup of one cluster; "" for none.

    One that is made for a cluster is named after the record, which is the cluster's name on Avi.
    """
    if options.port_group_ref:
        return options.port_group_ref
    if options.port_group_template is None:
        return ""
    return record if options.port_group_template.per == "Cluster" else shared_name(config)


def shared_name(config: str) -> str:
    """Name of the VSpherePortGroup that is made for a whole config."""
    return f"{config}-data"
