"""The implicit controller of an AKODeploymentConfig: address, account and CA in the config itself.

A config names an AviController in ``spec.plugins.avi.controller``, or has all of it in
``spec.controller``, ``spec.adminCredentialRef`` and ``spec.certificateAuthorityRef``.
"""

from __future__ import annotations

from akoo_avi.client.access import avi_controller, refusal
from akoo_avi.client.access.reach import Reach
from akoo_core.plugin import api, kube, structs

OPTION = "spec.plugins.avi.controller"
"""The field that names an AviController."""


class ConfigWay(structs.Struct, frozen=True, kw_only=True):
    """The fields of a config's spec that lead to its controller."""

    controller: str = ""
    admin_credential_ref: api.SecretName = api.SecretName()
    certificate_authority_ref: api.SecretName = api.SecretName()


async def of_config(reader: kube.KubeClient, adc: structs.JSON) -> Reach:
    """The way that a config leads, by the AviController that it names or by itself.

    ``reader`` is ``ctx.shared`` of a verb or ``ctx.kube`` of a controller; a controller of the
    plugin must watch AviControllers. Raises Refusal, and KubeErrors.
    """
    name = names(adc)
    if not name:
        return reach(adc)
    correct = f"{OPTION} of AKODeploymentConfig/{adc['metadata']['name']}"
    return (await avi_controller.read(reader, name, correct=correct, new_user=True)).reach


def names(adc: structs.JSON) -> str:
    """The AviController that a config names; "" for a config with a controller of its own. Pure."""
    plugins = (adc.get("spec") or {}).get("plugins") or {}
    return str((plugins.get("avi") or {}).get("controller") or "")


def reach(adc: structs.JSON) -> Reach:
    """The way in a config itself. Raises Refusal (ConfigInvalid). Pure."""
    spec = structs.without_empty(adc.get("spec") or {})
    try:
        way = structs.convert(spec, ConfigWay, path="spec")
    except structs.DecodeError as error:
        raise refusal.Refusal("ConfigInvalid", str(error)) from error
    account, ca = way.admin_credential_ref, way.certificate_authority_ref
    if not account.complete:
        raise refusal.invalid(
            "spec.adminCredentialRef",
            "names no Secret; without the keys username and password of one nothing can be asked "
            "of the Avi Controller.",
        )
    where = address(way.controller)
    if not where:
        raise refusal.invalid("spec.controller", "is empty.")
    return Reach(address=where, credential=account, ca=ca if ca.complete else None)


def secrets(adc: structs.JSON) -> tuple[api.SecretPair, ...]:
    """(namespace, name) of the Secrets in a config with a controller of its own; () for any other,
    and for an unreadable one: an attempt says why. Pure."""
    if not adc or names(adc):
        return ()
    try:
        return reach(adc).secrets
    except refusal.Refusal:
        return ()


def address(controller: str) -> str:
    """``spec.controller`` as host or host:port.

    The ancestor's documentation promised ``[scheme://]address[:port]``. The scheme can only be
    https; it is removed, and so is everything behind the address.
    """
    scheme, separator, rest = controller.strip().partition("://")
    if not separator:
        return scheme.rstrip("/")
    if scheme.lower() != "https":
        raise refusal.invalid("spec.controller", f"Avi speaks https only, not {scheme}.")
    return rest.split("/", 1)[0]
