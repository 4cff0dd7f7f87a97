"""The annotation ``tenancy.akoo.io/rotate`` on a record: a person asks for a new account. Pure."""

from __future__ import annotations

from typing import Final

from akoo_core.plugin import api, records
from akoo_tenancy.journal.record import Reason

ROTATE: Final = "rotate"
COMPROMISED: Final = "compromised"
STOP: Final = "now-even-if-ako-stops"


def refusal(record: records.Record, flags: frozenset[str]) -> str:
    """The reason why the request would have no effect on a record; "" for none."""
    del flags
    if "TenancyAccount" not in record.spec.facts:
        return "it has no account of plugin tenancy"
    if api.WorkloadCredential.fact_name in record.spec.declined:
        return "its account comes from spec.workloadCredentialRef of its config"
    if record.spec.leaving is not None:
        return "it is leaving, and its account is revoked"
    return ""


ANNOTATION: Final = api.PluginAnnotation(
    name=ROTATE,
    help="Give a cluster a new Avi account now.",
    effects=(
        "{key} gets a new Avi account, and its AKO restarts once. Traffic goes on.",
        "The account before stays valid for spec.plugins.tenancy.rotation.grace of the config.",
    ),
    flags=(
        api.AnnotationFlag(
            name=COMPROMISED,
            help="The password is known to others: no window, no limit over the fleet, no grace.",
            effects=("The account before is deleted as soon as AKO works with the new one.",),
        ),
        api.AnnotationFlag(
            name=STOP,
            help="As compromised, and the account before loses all rights at once.",
            effects=(
                "The account before loses all rights at once.",
                "The AKO of {key} changes nothing on Avi until it has restarted. Traffic goes on.",
            ),
        ),
    ),
    fleet=True,
    refusal=refusal,
)


def asked(view: api.View) -> frozenset[str]:
    """The words of the request; empty for none."""
    return api.words(view.annotations.get(ROTATE, ""))


def cause(view: api.View) -> Reason | None:
    """The reason of the rotation that is asked for; None: none is."""
    words = asked(view)
    if not words:
        return None
    return "Compromised" if words & {COMPROMISED, STOP} else "Requested"


def stops(view: api.View) -> bool:
    """The account before is to lose its rights before there is a new one."""
    return STOP in asked(view)
