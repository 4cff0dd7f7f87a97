"""Annotations on a record. Pure.

``tenancy.akoo.io/rotate``: a person asks for a new account.
``tenancy.akoo.io/remove-former-account``: a person, or a migration, says that the account that AKO
had before was made for this cluster alone.
"""

from __future__ import annotations

from typing import Final

from akoo_core.plugin import api, records
from akoo_tenancy.journal.record import Reason

ROTATE: Final = "rotate"
COMPROMISED: Final = "compromised"
STOP: Final = "now-even-if-ako-stops"
REMOVE_FORMER: Final = "remove-former-account"
MADE_FOR_IT: Final = "made-for-this-cluster"


def refusal(record: records.Record, flags: frozenset[str]) -> str:
    """The reason why the request would have no effect on a record; "" for none."""
    del flags
    adoption = record.spec.adoption
    adopted = adoption is not None and adoption.ended_at is not None
    if adopted and "TenancyAccount" not in record.spec.facts and record.spec.leaving is None:
        return ""
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


FORMER: Final = api.PluginAnnotation(
    name=REMOVE_FORMER,
    help="Remove the Avi account that AKO had before, which was made for this cluster alone.",
    effects=("The account is deleted once the controller shows for a day that nobody uses it.",),
    value=MADE_FOR_IT,
)


def handled(view: api.View) -> tuple[str, ...]:
    """The annotations of this plugin that the record has."""
    return tuple(name for name in (ROTATE, REMOVE_FORMER) if name in view.annotations)


def releases_former(view: api.View) -> bool:
    """The account that AKO had before is free to go."""
    return view.annotations.get(REMOVE_FORMER) == MADE_FOR_IT


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
