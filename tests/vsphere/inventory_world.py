"""Two operators on one vCenter, and people who work in it: steps, and the laws of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from akoo_vsphere import marks
from akoo_vsphere.client import errors
from akoo_vsphere.testing import Fault, Hand, SimulatedVCenter, standard

from akoo_core.plugin import structs
from akoo_core.testing import Crash, builders, verbs
from tests.vsphere import inventory_oracle as oracle
from tests.vsphere import vsphere_oracle
from tests.vsphere.vsphere_world import MemoryVCenters, VSphereWorld, port_group

Json = dict[str, Any]
IDS = {"north": builders.MANAGEMENT_ID, "south": "00000000-0000-4000-8000-00000000000f"}
Side = Literal["north", "south"]
NAMES = ("edge", "core", "lab")
ROUNDS = 8


class Stranger(NamedTuple):
    """A port group that is there before the operators are."""

    name: str
    place: int
    """Index of a switch: two in one folder, one in another datacenter."""
    vlan: int
    used: bool
    nsx: bool
    mark: str
    """"", or whose mark: ``north edge``."""
    where: str
    """Places of the mark: ``both``, ``description``, ``value``, ``broken``."""


class Wanted(NamedTuple):
    """A VSpherePortGroup."""

    side: Side
    name: str
    vlan: int
    adoption: str
    change: str
    drift: str
    deletion: str | None
    other_name: str


class Step(NamedTuple):
    """One event. ``number`` chooses the object or port group, ``value`` what there is to choose."""

    kind: str
    number: int
    value: int


class Neighbourhood:
    """The vCenter, its operators, and what was in force under each object."""

    def __init__(self, strangers: list[Stranger], wanted: list[Wanted]) -> None:
        self.vcenter = SimulatedVCenter()
        self.hand = Hand(self.vcenter)
        refs = standard(self.vcenter)
        self.switch = refs.switch
        self.switches = (refs.switch, refs.other_switch, self._far(refs.other_datacenter))
        self.folder = self.hand.add_folder("spare", "group-d1")
        for number, stranger in enumerate(strangers):
            self._put(stranger, number)
        self.worlds = {side: self._world(side, wanted) for side in IDS}
        self.objects = [(each.side, each.name) for each in wanted]
        self.in_force: dict[tuple[str, str], list[Json]] = {key: [] for key in self.objects}
        self.handed: dict[tuple[str, str], frozenset[str]] = {}

    def _far(self, datacenter: str) -> str:
        return self.hand.add_switch(datacenter, "far")

    def _put(self, stranger: Stranger, number: int) -> None:
        spec = {"backingType": "nsx"} if stranger.nsx else {}
        switch = self.switches[stranger.place]
        try:
            made = self.hand.add_port_group(switch, stranger.name, vlan=stranger.vlan, **spec)
        except errors.NameTakenError:
            return
        if stranger.used:
            self.hand.attach(made, f"vm-{number}")
        if not stranger.mark:
            return
        side, _, name = stranger.mark.partition(" ")
        text = marks.text(_mark(side, name))
        if stranger.where in ("both", "description"):
            self.hand.describe(made, f"of people\n{text}")
        if stranger.where in ("both", "value"):
            self.hand.set_value(made, marks.ATTRIBUTE, text)
        if stranger.where == "broken":
            self.hand.set_value(made, marks.ATTRIBUTE, text.partition(" name=")[0])

    def _world(self, side: str, wanted: list[Wanted]) -> VSphereWorld:
        there = VSphereWorld(*(_object(each) for each in wanted if each.side == side))
        there.vcenter, there.hand = self.vcenter, self.hand
        there.registry = MemoryVCenters(dict.fromkeys(there.registry.vcenters, self.vcenter))
        there.spec = structs.replace(there.spec, management_id=IDS[side])
        there.restart()
        if side == "north":
            there.follow()
        return there

    # Steps.

    def play(self, step: Step) -> None:
        getattr(self, f"_{step.kind}")(step)

    def _run(self, step: Step) -> None:
        self.attempt(*self._object(step.number))

    def _crash(self, step: Step) -> None:
        """The process ends at one of its calls; another one takes over."""
        side, name = self._object(step.number)
        moment: Literal["before", "after"] = "before" if step.value % 2 else "after"
        self.worlds[side].calls.fail(1 + step.value, moment, Crash())
        self.attempt(side, name)
        self.worlds[side].calls.heal()
        self.worlds[side].restart()

    def _fault(self, step: Step) -> None:
        fault = FAULTS[step.value % len(FAULTS)]
        self.vcenter.faults.add(fault)

    def _edit(self, step: Step) -> None:
        side, name = self._object(step.number)
        if self.worlds[side].group(name) is not None:
            self.worlds[side].edit({"vlan": {"id": 500 + step.value}}, name)

    def _delete(self, step: Step) -> None:
        side, name = self._object(step.number)
        if self.worlds[side].group(name) is not None:
            self.worlds[side].delete(name)

    def _adopt(self, step: Step) -> None:
        """A person hands over what another management cluster, or this one, marked."""
        side, name = self._object(step.number)
        if self.worlds[side].group(name) is not None:
            self.hand_over(side, name)

    def _deed(self, step: Step) -> None:
        """A person's deed in vCenter; those that vCenter refuses do not happen."""
        groups = [each for each, plain in self.groups().items() if not oracle.untouchable(plain)]
        mo_ref = groups[step.number % len(groups)]
        deed = DEEDS[step.value % len(DEEDS)]
        try:
            deed(self, mo_ref, step.value)
        except (errors.NameTakenError, errors.InUseError):
            return

    def hand_over(self, side: str, name: str) -> None:
        other = next(each for each in IDS if each != side)
        self.worlds[side].annotate({"akoo.io/adopt": IDS[other]}, name)
        self.handed[side, name] = frozenset({IDS[other]})

    def _object(self, number: int) -> tuple[str, str]:
        return self.objects[number % len(self.objects)]

    # What an operator does, and the laws of it.

    def groups(self) -> oracle.Groups:
        return self.hand.groups()

    def attempt(self, side: str, name: str) -> bool:
        """One attempt, held against the laws; True if it changed nothing."""
        there = self.worlds[side]
        obj = there.group(name)
        before, used = self.groups(), self._used()
        version = (obj or {}).get("metadata", {}).get("resourceVersion")
        there.hear()
        run = there.run(verbs.try_reconcile(there.controllers, "port-groups", name, there))
        assert run.error is None or isinstance(run.error, Crash), repr(run.error)
        after = self.groups()
        if obj is None:
            assert after == before
            return True
        attempt = oracle.Attempt(
            owner=(IDS[side], name),
            handed=self.handed.get((side, name), frozenset()),
            spec=obj["spec"],
            status=obj.get("status") or {},
            deleting="deletionTimestamp" in obj["metadata"],
            switch=self.switch,
            used=used,
            in_force=tuple(self.in_force[side, name]),
        )
        oracle.check(before, after, attempt)
        self._learn(side, name, after, used)
        now = (there.group(name) or {}).get("metadata", {}).get("resourceVersion")
        return after == before and now == version

    def _learn(self, side: str, name: str, after: oracle.Groups, used: frozenset[str]) -> None:
        """Remember what is in force, where nobody felt how it came to be."""
        there = self.worlds[side]
        obj = there.group(name) or {}
        known = (obj.get("status") or {}).get("portGroup") or {}
        owner = (IDS[side], name)
        rows = (obj.get("status") or {}).get("conditions") or ()
        settled = any(row["type"] == "ConfigInSync" and row["status"] == "True" for row in rows)
        for mo_ref, plain in after.items():
            ours = owner in oracle.described(plain) | oracle.valued(plain)
            if ours and (mo_ref not in used or (settled and mo_ref == known.get("moRef"))):
                self.in_force[side, name].append(oracle.felt(plain))

    def _used(self) -> frozenset[str]:
        inventory = self.vcenter.inventory
        return frozenset(mo_ref for mo_ref in self.groups() if inventory.users(mo_ref))

    # The end.

    def settle(self) -> None:
        """From now on nothing goes wrong and nobody does anything: it comes to rest."""
        self.vcenter.faults.clear()
        self.vcenter.rights.denials.clear()
        for number in range(ROUNDS):
            quiet = [self.attempt(side, name) for side, name in self.objects]
            if number and all(quiet):
                break
            for there in self.worlds.values():
                there.clock.advance(700.0)
        else:
            raise AssertionError(f"no rest after {ROUNDS} rounds: {self.reasons()}")
        seen = len(self.vcenter.journal)
        for there in self.worlds.values():
            there.restart()
        for side, name in self.objects:
            assert self.attempt(side, name), f"{name} changes at rest"
        # A new name that is taken is tried again: it may be free by now.
        writes = {entry.method for entry in self.vcenter.journal[seen:] if entry.write}
        assert writes <= {"rename"}, f"at rest, {writes}"
        self._check_end()

    def end(self) -> None:
        """Nothing is connected any more, all objects are deleted, and it comes to rest again."""
        for mo_ref in self.groups():
            self.hand.detach(mo_ref)
        for side, name in self.objects:
            if self.worlds[side].group(name) is not None:
                self.worlds[side].delete(name)
        self.settle()
        for side, name in self.objects:
            obj = self.worlds[side].group(name)
            if obj is None:
                continue
            rows = {row["type"]: row for row in obj["status"]["conditions"]}
            assert rows["Held"]["reason"] == "OwnershipUnclear", rows["Held"]

    def reasons(self) -> dict[tuple[str, str], object]:
        """Conditions that are not True, by object."""
        there = {key: self.worlds[key[0]].group(key[1]) for key in self.objects}
        return {
            key: [
                (row["type"], row["reason"])
                for row in (obj.get("status") or {}).get("conditions") or ()
                if row["status"] != "True"
            ]
            for key, obj in there.items()
            if obj is not None
        }

    def _check_end(self) -> None:
        groups = self.groups()
        for side, name in self.objects:
            owner = (IDS[side], name)
            carriers = [
                mo_ref
                for mo_ref, plain in groups.items()
                if owner in oracle.described(plain) and owner in oracle.valued(plain)
                # Those on other switches are a leftover that only audit looks for.
                if plain["config"]["distributedVirtualSwitch"] == self.switch
            ]
            obj = self.worlds[side].group(name)
            if obj is None:
                continue
            rows = {row["type"]: row for row in obj["status"]["conditions"]}
            ready = rows.get("Ready") or rows["Held"]
            assert ready["status"] == "True" or ready["reason"], ready
            if ready["status"] == "True" and ready["type"] == "Ready":
                mo_ref = obj["status"]["portGroup"]["moRef"]
                assert carriers == [mo_ref], f"{name} is ready, and {carriers} carry its mark"
                plain = groups[mo_ref]
                assert vsphere_oracle.unmet(plain, {"vlan": obj["spec"]["vlan"]}) == []


Deed = Callable[[Neighbourhood, str, int], None]


def _rename(there: Neighbourhood, mo_ref: str, value: int) -> None:
    there.hand.rename(mo_ref, (*NAMES, "renamed")[value % 4])


def _attach(there: Neighbourhood, mo_ref: str, value: int) -> None:
    there.hand.attach(mo_ref, f"vm-late-{value}")


def _wipe_description(there: Neighbourhood, mo_ref: str, value: int) -> None:
    there.hand.describe(mo_ref, "")


def _wipe_value(there: Neighbourhood, mo_ref: str, value: int) -> None:
    there.hand.set_value(mo_ref, marks.ATTRIBUTE, None)


DEEDS: tuple[Deed, ...] = (
    _rename,
    lambda there, mo_ref, _: there.hand.remove(mo_ref),
    lambda there, mo_ref, value: there.hand.set_vlan(mo_ref, 900 + value),
    _attach,
    lambda there, mo_ref, _: there.hand.detach(mo_ref),
    _wipe_description,
    _wipe_value,
    lambda there, mo_ref, _: there.hand.describe(mo_ref, "another tool wrote this"),
    lambda there, mo_ref, _: there.hand.deny("DVPortgroup.Modify", mo_ref),
    lambda there, mo_ref, _: there.hand.deny("System.Read", mo_ref),
    lambda there, mo_ref, _: there.hand.allow(),
    lambda there, mo_ref, _: there.hand.move(mo_ref, there.folder),
)
_BUSY = errors.OverloadedError("busy")
_LIMIT = errors.LimitError("full")
FAULTS: tuple[Fault, ...] = (
    *(Fault(method=m, lost=True) for m in ("create", "reconfigure", "set_attribute", "rename")),
    Fault(method="destroy", lost=True),
    *(Fault(method=m, error=_BUSY) for m in ("create", "reconfigure", "set_attribute", "destroy")),
    *(
        Fault(method=m, error=_LIMIT, place="task", after=True)
        for m in ("create", "reconfigure", "rename", "destroy")
    ),
    Fault(method="reconfigure", error=errors.ChangedError("changed")),
    Fault(method="port_groups", error=errors.UnreadableError("unreadable")),
    Fault(method="port_group", lost=True),
    Fault(method="users", error=errors.UnreachableError("down")),
)


def _mark(side: str, name: str) -> marks.Mark:
    return marks.Mark(
        management_id=IDS[side],
        epoch=1,
        name=name,
        uid="u-of-before",
        provenance="Created",
        nonce="n-of-before",
    )


def _object(wanted: Wanted) -> Json:
    policies: Json = {
        "adoptionPolicy": wanted.adoption,
        "changePolicy": wanted.change,
        "driftPolicy": wanted.drift,
        "deletionPolicy": wanted.deletion,
        "portGroupName": wanted.other_name or None,
    }
    return port_group(wanted.name, vlan={"id": wanted.vlan}, **policies)
