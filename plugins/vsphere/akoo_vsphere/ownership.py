"""The verdict on a port group: whose it is by both of its marks and by our records. Pure.

=============  ===========  ==============================================================
description    attribute    verdict
=============  ===========  ==============================================================
none           none         Unmarked; Unknown(MarkLost) if status says that it is ours
ours           ours         Own; where the two differ, the harmless provenance counts
ours           none         Own, healed, if status, a nonce, or nothing at all speaks of it
none           ours         Own, healed
ours           unreadable   Own, healed, if status says that it is ours; else Unknown
ours           foreign      Unknown(MarksDisagree)
foreign        none, same   Foreign; taken over after ``akoo.io/adopt``
unreadable     unreadable   Unknown(MarkDamaged)
=============  ===========  ==============================================================

``akoo.io/adopt`` hands over once: the former owner may take the port group back by an annotation of
its own, and the two must not take it from each other in turns.

A mark is ours if management id and object name are ours. Another UID means that the object was
made again (moved, restored): it is taken over. A mark that is newer than our record is not.
"""

from __future__ import annotations

from typing import Literal

from akoo_core.plugin import structs
from akoo_vsphere import marks
from akoo_vsphere.marks import Damaged, Mark
from akoo_vsphere.spec.port_group_status import Provenance

State = Literal["Own", "Unmarked", "Foreign", "Unknown"]


class Claimant(structs.Struct, frozen=True, kw_only=True):
    """An object of ours, and all that its status says of the port group."""

    management_id: str
    name: str
    uid: str
    epoch: int | None = None
    """None: status was lost."""
    mo_ref: str = ""
    """Of the port group that status names; "" for none."""
    provenance: Provenance | None = None
    nonce: str = ""
    """Of the mark that was written, or of the create that is under way."""
    adopt: str = ""
    """The annotation ``akoo.io/adopt``: a management id."""
    adopted_from: str = ""
    """The management id that the port group was taken over from, at ``epoch``."""


class Verdict(structs.Struct, frozen=True, kw_only=True):
    """Owner of a port group, and the mark that it is to have."""

    state: State
    reason: str
    message: str
    mark: Mark | None = None
    """The mark that both places are to hold; only with Own."""
    taken_from: str = ""
    """The management id of the former owner; "" if it is ours already."""

    @property
    def writable(self) -> bool:
        """True: the port group may be changed."""
        return self.state == "Own"


def judge(us: Claimant, mo_ref: str, description: str, attribute: str) -> Verdict:
    """The verdict on port group ``mo_ref`` with this description and this custom value."""
    written, stored = marks.of_description(description), marks.read(attribute)
    if written is None and stored is None:
        return _unmarked(us, mo_ref)
    readable = [mark for mark in (written, stored) if isinstance(mark, Mark)]
    damaged = [mark for mark in (written, stored) if isinstance(mark, Damaged)]
    if any(mark.newer for mark in damaged):
        return _unknown("NewerRecord", "A newer release of akoo-core wrote its mark", us)
    if not readable:
        return _unknown("MarkDamaged", f"Its mark cannot be read: {damaged[0].why}", us)
    mine = [mark for mark in readable if _is_ours(us, mark)]
    if len(mine) < len(readable):
        return _not_ours(us, readable, mine)
    whole = written is not None and stored is not None and not damaged
    if not whole and not _believed(us, mo_ref, mine[0], damaged=bool(damaged), stored=stored):
        return _unknown("MarkIncomplete", _incomplete(us, mo_ref), us)
    return _own(us, mine, recorded=us.mo_ref == mo_ref or whole or _same_nonce(us, mine[0]))


def _unmarked(us: Claimant, mo_ref: str) -> Verdict:
    if us.mo_ref != mo_ref:
        return Verdict(state="Unmarked", reason="NotAdopted", message="It has no mark.")
    if us.adopt == us.management_id:
        return _with_mark(us, us.epoch or 1, us.provenance or "Adopted", "MadeAgain")
    return _unknown("MarkLost", "Somebody removed both of its marks", us)


def _is_ours(us: Claimant, mark: Mark) -> bool:
    """True for our name with our management id, or with the one that a person hands over."""
    if mark.name != us.name:
        return False
    return mark.management_id == us.management_id or _hands_over(us, mark)


def _hands_over(us: Claimant, mark: Mark) -> bool:
    """True if the annotation names the owner of the mark, and has not had its effect before."""
    if not us.adopt or mark.management_id != us.adopt:
        return False
    return us.adopted_from != us.adopt or mark.epoch < (us.epoch or 0)


def _not_ours(us: Claimant, readable: list[Mark], mine: list[Mark]) -> Verdict:
    other = next(mark for mark in readable if mark not in mine)
    if mine or len({(mark.management_id, mark.name) for mark in readable}) > 1:
        problem = "Its description and its custom attribute name different owners"
        return _unknown("MarksDisagree", problem, us)
    if other.management_id == us.management_id:
        message = f"It belongs to VSpherePortGroup {other.name}. Name another port group."
        return Verdict(state="Foreign", reason="ForeignOwner", message=message)
    if us.adopt == us.adopted_from == other.management_id and other.name == us.name:
        message = (
            f"Management cluster {other.management_id} has taken it back. Nothing is written. "
            "akoo.io/adopt hands over once: to take it over again, remove the annotation and set "
            "it anew."
        )
        return Verdict(state="Foreign", reason="ForeignOwner", message=message)
    message = (
        f"It belongs to VSpherePortGroup {other.name} of management cluster "
        f"{other.management_id}. Nothing is written. If that one has given it up for good, and "
        f"this object is called {other.name}, annotate it with akoo.io/adopt: "
        f"{other.management_id}."
    )
    return Verdict(state="Foreign", reason="ForeignOwner", message=message)


def _believed(us: Claimant, mo_ref: str, mark: Mark, *, damaged: bool, stored: marks.Read) -> bool:
    """True if half a mark is enough. A description can be copied with a configuration, so it
    proves nothing of a port group that is not the recorded one."""
    if us.mo_ref:
        return us.mo_ref == mo_ref
    if damaged:
        return False
    return isinstance(stored, Mark) or not us.nonce or _same_nonce(us, mark)


def _same_nonce(us: Claimant, mark: Mark) -> bool:
    return bool(us.nonce) and us.nonce == mark.nonce


def _own(us: Claimant, mine: list[Mark], *, recorded: bool) -> Verdict:
    epoch = max(mark.epoch for mark in mine)
    handed = any(mark.management_id != us.management_id for mark in mine)
    if us.epoch is not None and epoch > us.epoch and not handed:
        problem = f"Its mark has epoch {epoch}, this object has {us.epoch}: a newer one exists"
        return _unknown("NewerRecord", problem, us)
    sources = [mark.provenance for mark in mine] + [us.provenance or "Created"]
    created = recorded and set(sources) == {"Created"}
    wanted = _wanted_epoch(us, mine, epoch, handed=handed)
    reason = "Taken" if handed or any(mark.uid != us.uid for mark in mine) else "Marked"
    verdict = _with_mark(
        us, wanted, "Created" if created else "Adopted", reason, nonce=mine[-1].nonce
    )
    return structs.replace(verdict, taken_from=us.adopt if handed else "")


def _wanted_epoch(us: Claimant, mine: list[Mark], highest: int, *, handed: bool) -> int:
    """One more than the former owner's. An interrupted takeover goes on with its own number."""
    if not handed:
        return us.epoch or highest
    former = max(mark.epoch for mark in mine if mark.management_id != us.management_id)
    return max(former + 1, us.epoch or 1)


def _with_mark(
    us: Claimant, epoch: int, provenance: Provenance, reason: str, *, nonce: str = ""
) -> Verdict:
    mark = Mark(
        management_id=us.management_id,
        epoch=epoch,
        name=us.name,
        uid=us.uid,
        provenance=provenance,
        nonce=nonce or us.nonce or us.uid,
    )
    return Verdict(state="Own", reason=reason, message="It is ours.", mark=mark)


def _unknown(reason: str, problem: str, us: Claimant) -> Verdict:
    message = (
        f"{problem}. Nothing is written. Find out whose it is; if it belongs to this object, "
        "remove what is wrong of the marks in vCenter and annotate the object with "
        f"akoo.io/adopt: {us.management_id}. To leave it as it is, set spec.deletionPolicy to "
        "Retain."
    )
    return Verdict(state="Unknown", reason=reason, message=message)


def _incomplete(us: Claimant, mo_ref: str) -> str:
    recorded = f"{us.mo_ref} is recorded, and " if us.mo_ref else ""
    return f"{recorded}{mo_ref} has only a part of the mark, so it may be a copy"
