"""The intended use: the port group that prepare found. Pure."""

from __future__ import annotations

from akoo_core.plugin import api, structs
from akoo_vsphere.spec import config, refusal, resources
from akoo_vsphere.verbs.facts import PLACEMENT, PortGroupUsed, Stored

PLUGIN = "vsphere"


def wanted(view: api.View) -> str:
    """Name of the port group that the config wants; "" for none. Raises Refusal."""
    options: config.Options | None = view.plugin_config
    if options is None:
        return ""
    config.check(options)
    name = str((view.config.get("metadata") or {}).get("name", ""))
    return config.port_group_name(options, name, view.record_name)


def made_by_template(view: api.View) -> bool:
    """True if a template of the config makes the port group."""
    options: config.Options | None = view.plugin_config
    return options is not None and options.port_group_template is not None


def stored(view: api.View) -> Stored | None:
    """The port group of the stored intent."""
    intent = view.intent(PLUGIN)
    return structs.convert(intent.data, Stored) if intent is not None and intent.data else None


def intend(view: api.View) -> api.Intent | api.Blocked | None:
    """The port group that prepare found while the config wants it, else the stored port group.

    A cluster that leaves, or has no config any more, keeps the stored port group: AKO works on its
    network until it is gone.
    """
    kept = stored(view)
    if not view.config or view.spec.leaving is not None:
        return _intent(kept) if kept is not None else None
    try:
        name = wanted(view)
    except refusal.Refusal as error:
        return api.Blocked(reason=error.reason, message=str(error))
    if not name:
        return None
    used = view.fact(PortGroupUsed)
    if used is not None and used.name == name:
        return _intent(Stored(name=used.name, uid=used.uid))
    return _intent(kept) if kept is not None else None


def _intent(use: Stored) -> api.Intent:
    return api.Intent(
        data=structs.to_object(use),
        uses=(api.Use(resource=resources.PORT_GROUPS, name=use.name, uid=use.uid),),
        placement=PLACEMENT,
    )
