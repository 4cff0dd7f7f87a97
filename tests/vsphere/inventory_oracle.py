"""Laws of one attempt of an operator at one object, read off raw values: no part of the plugin.

``before`` and ``after`` hold all port groups of the vCenter as they were and are, by moRef.
"""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

from tests.vsphere import vsphere_oracle

Json = dict[str, Any]
Groups = dict[str, Json]
Owner = tuple[str, str]
"""Management id and name of the object."""
BROKEN: Owner = ("", "")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Attempt:
    """An attempt, and all that excuses a change."""

    owner: Owner
    handed: frozenset[str]
    """Other management ids that a person handed over to it."""
    spec: Json
    status: Json
    """Before the attempt."""
    deleting: bool
    switch: str
    """moRef."""
    used: frozenset[str]
    """moRefs of port groups in use."""
    in_force: tuple[Json, ...]
    """Disturbing values that were in force under this object."""

    @property
    def owners(self) -> set[Owner]:
        ids = {self.owner[0], *self.handed}
        return {(each, self.owner[1]) for each in ids}

    @property
    def recorded(self) -> str:
        known = self.status.get("portGroup")
        return str(known["moRef"]) if known else ""

    @property
    def wanted_name(self) -> str:
        return str(self.spec.get("portGroupName") or self.owner[1])


def described(plain: Json) -> set[Owner]:
    """Owners by the description."""
    lines = plain["config"].get("description", "").split("\n")
    return {_owner(line) for line in lines if line.strip().startswith("akoo/")}


def valued(plain: Json) -> set[Owner]:
    """Owners by the custom attribute; the scenes have no other."""
    return {_owner(each["value"]) for each in plain["customValue"] if each["value"]}


def _owner(line: str) -> Owner:
    words = dict(word.partition("=")[::2] for word in line.split()[1:])
    whole = {"id", "epoch", "name", "uid", "nonce"} <= words.keys()
    return (words["id"], words["name"]) if whole and line.split()[0] == "akoo/1" else BROKEN


def provenance(plain: Json) -> set[str]:
    """``by=`` of all marks."""
    texts = [
        plain["config"].get("description", ""),
        *(row["value"] for row in plain["customValue"]),
    ]
    words = [word for text in texts for line in text.split("\n") for word in line.split()]
    return {word.removeprefix("by=") for word in words if word.startswith("by=")}


def untouchable(plain: Json) -> bool:
    """An uplink port group, or one of NSX."""
    config = plain["config"]
    return bool(config.get("uplink")) or config.get("backingType") == "nsx"


def bare(plain: Json) -> Json:
    """All of a port group but the marks, and the version that they change."""
    rest = copy.deepcopy(plain)
    lines = rest["config"].get("description", "").split("\n")
    rest["config"]["description"] = "\n".join(
        line for line in lines if not line.startswith("akoo/1 ")
    )
    rest["config"]["configVersion"] = rest["customValue"] = None
    return rest


def felt(plain: Json) -> Json:
    """All that users of a port group feel."""
    return {"name": plain["name"], **vsphere_oracle.disturbing(plain)}


def check(before: Groups, after: Groups, attempt: Attempt) -> None:
    """Raise AssertionError for a change that the attempt must not make."""
    for mo_ref, plain in before.items():
        if mo_ref not in after:
            _check_removed(plain, attempt)
        elif after[mo_ref] != plain:
            _check_changed(plain, after[mo_ref], attempt)
    made = after.keys() - before.keys()
    assert len(made) <= 1, f"{len(made)} port groups were made in one attempt"
    for mo_ref in made:
        _check_made(before, after[mo_ref], attempt)


def _check_changed(before: Json, after: Json, attempt: Attempt) -> None:
    mo_ref = before["moRef"]
    assert not untouchable(before), f"{mo_ref} is touched"
    owners = described(before) | valued(before)
    if not owners:
        _check_adopted(before, after, attempt)
    assert owners <= attempt.owners, f"{mo_ref} of {owners} is changed"
    if described(before) and not valued(before):
        assert attempt.recorded in ("", mo_ref), f"half a mark is believed on {mo_ref}"
    if mo_ref in attempt.used and attempt.spec.get("changePolicy", "WhenUnused") == "WhenUnused":
        now, then = felt(after), felt(before)
        for key, value in now.items():
            allowed = [then[key], *(known[key] for known in attempt.in_force)]
            assert value in allowed, f"{key} of {mo_ref} changes under its users: {value}"
    if attempt.deleting:
        assert bare(after) == bare(before), f"{mo_ref} is changed by a deletion"


def _check_adopted(before: Json, after: Json, attempt: Attempt) -> None:
    mo_ref = before["moRef"]
    policy = attempt.spec.get("adoptionPolicy", "Never")
    assert policy != "Never", f"{mo_ref} is adopted"
    assert not attempt.deleting, f"{mo_ref} is adopted by a deletion"
    assert attempt.recorded != mo_ref, f"{mo_ref} lost its marks, and is written"
    assert before["config"]["distributedVirtualSwitch"] == attempt.switch, f"{mo_ref} is elsewhere"
    existing = attempt.spec.get("existing", {}).get("moRef", "")
    named = not existing and before["name"] == attempt.wanted_name
    assert named or existing == mo_ref, f"{mo_ref} was not meant"
    if policy == "IfIdentical" or mo_ref in attempt.used:
        assert bare(after) == bare(before), f"{mo_ref} is adopted, and changed"


def _check_removed(before: Json, attempt: Attempt) -> None:
    mo_ref = before["moRef"]
    owners = described(before) | valued(before)
    assert attempt.deleting, f"{mo_ref} is removed"
    assert owners, f"{mo_ref} has no mark, and is removed"
    assert owners <= attempt.owners, f"{mo_ref} of {owners} is removed"
    assert not untouchable(before), f"{mo_ref} is removed"
    assert mo_ref not in attempt.used, f"{mo_ref} is in use, and is removed"
    chosen = attempt.spec.get("deletionPolicy")
    created = provenance(before) == {"Created"}
    created &= attempt.status.get("provenance", "Created") == "Created"
    assert chosen == "Delete" or (chosen is None and created), f"{mo_ref} was to be retained"


def _check_made(before: Groups, made: Json, attempt: Attempt) -> None:
    assert not attempt.deleting, "a deletion makes a port group"
    assert "existing" not in attempt.spec, "an adopted port group is made again"
    assert made["name"] == attempt.wanted_name, f"it is called {made['name']}"
    assert described(made) == {attempt.owner}, "it is made without its mark"
    assert attempt.recorded not in before, f"{attempt.recorded} is there, and is made again"
    carriers = [mo_ref for mo_ref, plain in before.items() if attempt.owner in valued(plain)]
    same = [each for each in carriers if on_switch(before[each], attempt)]
    assert same == [], f"{same} is there, and is made again"


def on_switch(plain: Json, attempt: Attempt) -> bool:
    return bool(plain["config"]["distributedVirtualSwitch"] == attempt.switch)
