"""Faults and lost answers become errors, each with what a caller does about it. Pure."""

from __future__ import annotations

import contextlib
import os
from typing import Any

import hypothesis
import pytest
from akoo_vsphere.client import errors, wire
from akoo_vsphere.client.answers import (
    faults,
    inventory,
    outcomes,
    properties,
    tasks,
    updates,
    usage,
)
from akoo_vsphere.client.wire import DeadSessionError, Fault, LostError, Ref, SoapCall
from hypothesis import strategies

PROOF = 20 if os.environ.get("AKOO_PROOF") else 1

GROUP = Ref("DistributedVirtualPortgroup", "dvportgroup-1")
RENAME = SoapCall(method="Rename_Task", target=GROUP, subject=GROUP.value, write=True)
LOOK = SoapCall(method="FindChild", target=GROUP, subject=GROUP.value)

ERRORS: dict[tuple[str, ...], type[errors.VCenterError]] = {
    ("NoPermission", "SecurityError", "RuntimeFault"): errors.ForbiddenError,
    ("DuplicateName", "VimFault"): errors.NameTakenError,
    ("AlreadyExists", "VimFault"): errors.NameTakenError,
    ("ConcurrentAccess", "VimFault"): errors.ChangedError,
    ("ResourceInUse", "VimFault"): errors.InUseError,
    ("DvsOperationBulkFault", "DvsFault"): errors.PartialError,
    ("DvsNotAuthorized", "DvsFault"): errors.SwitchOwnedError,
    ("LimitExceeded", "VimFault"): errors.LimitError,
    ("InvalidArgument", "RuntimeFault"): errors.InvalidError,
    ("InvalidName", "VimFault"): errors.InvalidError,
    ("MethodNotFound", "InvalidRequest", "RuntimeFault"): errors.UnsupportedError,
    ("NotSupported", "RuntimeFault"): errors.UnsupportedError,
    ("TaskInProgress", "InvalidState", "VimFault"): errors.OverloadedError,
    ("HostCommunication", "RuntimeFault"): errors.OverloadedError,
    ("DvsFault", "VimFault"): errors.FaultError,
    ("SystemError", "RuntimeFault"): errors.FaultError,
}


@pytest.mark.parametrize("kinds", ERRORS)
def test_each_fault_has_its_error(kinds: tuple[str, ...]) -> None:
    error = faults.error(Fault(kinds, {}), RENAME, "vc")
    assert type(error) is ERRORS[kinds]
    assert "vc" in str(error)
    assert GROUP.value in str(error)


def test_every_error_of_the_tree_has_a_way_to_it() -> None:
    from_faults = set(ERRORS.values())
    elsewhere = {
        errors.UnreachableError,
        errors.TlsError,
        errors.NotVCenterError,
        errors.CredentialRefusedError,
        errors.SessionLostError,
        errors.NotFoundError,
        errors.UnreadableError,
        errors.TaskRunningError,
        errors.OutcomeUnknownError,
        errors.ObjectError,
    }
    tree = {
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, errors.VCenterError)
    }
    assert tree == from_faults | elsewhere | {errors.VCenterError}


def test_a_dead_session_is_asked_for_before_a_missing_permission() -> None:
    kinds = ("NotAuthenticated", "NoPermission", "SecurityError", "RuntimeFault")
    assert faults.session_is_dead(Fault(kinds, {}))
    assert not faults.session_is_dead(Fault(kinds[1:], {}))
    task = outcomes.of_task(Fault(kinds, {}), "vc")
    assert type(task) is errors.OutcomeUnknownError


def test_privileges_of_old_and_new_releases_are_named() -> None:
    old = Fault(("NoPermission",), {"privilegeId": "DVPortgroup.Modify", "object": GROUP})
    new = Fault(
        ("NoPermission",),
        {
            "privilegeId": "System.View",
            "missingPrivileges": [
                {"entity": GROUP, "privilegeIds": ["DVPortgroup.Modify", "DVPortgroup.PolicyOp"]}
            ],
        },
    )
    for fault, privileges in (
        (old, ["DVPortgroup.Modify"]),
        (new, ["DVPortgroup.Modify", "DVPortgroup.PolicyOp"]),
    ):
        error = faults.error(fault, RENAME, "vc")
        assert isinstance(error, errors.ForbiddenError)
        assert [missing.privilege for missing in error.missing] == privileges
        assert {missing.mo_ref for missing in error.missing} == {GROUP.value}


def test_hosts_that_failed_are_named() -> None:
    hosts = [{"host": Ref("HostSystem", f"host-{number}")} for number in range(3)]
    error = faults.error(Fault(("DvsOperationBulkFault",), {"hostFault": hosts}), RENAME, "vc")
    assert isinstance(error, errors.PartialError)
    assert error.hosts == ("host-0", "host-1", "host-2")


def lost(call: SoapCall | None, *, sent: bool) -> errors.VCenterError:
    raised = LostError("the connection was cut", sent=sent)
    raised.call = call
    return outcomes.error(raised, "vc")


def test_only_a_write_that_was_sent_has_an_unknown_outcome() -> None:
    assert type(lost(RENAME, sent=True)) is errors.OutcomeUnknownError
    assert type(lost(RENAME, sent=False)) is errors.UnreachableError
    assert type(lost(LOOK, sent=True)) is errors.UnreachableError
    assert type(lost(None, sent=True)) is errors.UnreachableError


def test_only_the_object_of_the_call_is_proven_to_be_gone() -> None:
    fault = Fault(("ManagedObjectNotFound", "RuntimeFault"), {})
    fault.call = RENAME
    own = outcomes.gone(fault, GROUP.value, "vc")
    assert isinstance(own, errors.NotFoundError)
    assert own.mo_ref == GROUP.value
    for other in ("session[1]view-2", ""):
        assert type(outcomes.gone(fault, other, "vc")) is errors.UnreadableError


# Answers of any form: an error of the tree, a dead session, or a value.

leaves = (
    strategies.none()
    | strategies.booleans()
    | strategies.integers(-5, 5)
    | strategies.text(max_size=3)
    | strategies.builds(Ref, strategies.just("Folder"), strategies.text(max_size=3))
    | strategies.builds(
        lambda kind: Fault((kind,), {}),
        strategies.sampled_from(["NotAuthenticated", "NoPermission", "ManagedObjectNotFound"]),
    )
)
KEYS = [
    "connectee",
    "connectedEntity",
    "entity",
    "privAvailability",
    "privId",
    "isGranted",
    "key",
    "value",
    "kind",
    "obj",
    "fault",
    "uplinkPortName",
    "secondaryVlanId",
    "name",
    "version",
    "managedObjectType",
]
PATHS = [
    "name",
    "parent",
    "uuid",
    "config",
    "customValue",
    "field",
    "config.configVersion",
    "info.state",
    "info.error",
    "vm",
    "uplinkPortPolicy",
    "pvlanConfig",
    "lacpGroupConfig",
    "productInfo",
    "uplinkPortgroup",
]
answers = strategies.recursive(
    leaves,
    lambda inner: (
        strategies.lists(inner, max_size=3)
        | strategies.dictionaries(strategies.sampled_from(KEYS), inner, max_size=6)
    ),
    max_leaves=25,
)


def either(form: strategies.SearchStrategy[Any]) -> strategies.SearchStrategy[Any]:
    """Mostly the right form, which leads further in."""
    return strategies.integers(0, 9).flatmap(lambda drawn: form if drawn else answers)


refs = strategies.builds(
    Ref,
    strategies.sampled_from(["Folder", "Datacenter", "DistributedVirtualSwitch"]),
    strategies.sampled_from(["a", "b", "c"]),
)
values = strategies.dictionaries(strategies.sampled_from(PATHS), answers, max_size=4) | refs
pairs = strategies.fixed_dictionaries(
    {"name": either(strategies.sampled_from(PATHS)), "val": either(values | answers)}
)
rows = strategies.fixed_dictionaries(
    {
        "obj": either(refs),
        "propSet": either(strategies.lists(either(pairs), max_size=4)),
        "missingSet": either(strategies.just([])),
    }
)
pages = either(
    strategies.fixed_dictionaries({"objects": either(strategies.lists(either(rows), max_size=4))})
)
changes = strategies.fixed_dictionaries(
    {
        "obj": either(refs),
        "kind": either(strategies.sampled_from(["enter", "modify", "leave"])),
        "changeSet": either(strategies.lists(either(pairs), max_size=3)),
    }
)
waits = either(
    strategies.fixed_dictionaries(
        {
            "version": either(strategies.just("1")),
            "filterSet": either(
                strategies.lists(
                    strategies.fixed_dictionaries(
                        {"objectSet": either(strategies.lists(either(changes), max_size=3))}
                    ),
                    max_size=2,
                )
            ),
        }
    )
)


@hypothesis.settings(max_examples=PROOF * 60)
@hypothesis.given(answers, pages, waits)
def test_an_answer_of_any_form_is_an_error_or_a_value(answer: Any, page: Any, wait: Any) -> None:
    def read() -> None:
        rows, _ = properties.page(page)
        inventory.inventory(rows)
        for row in rows:
            inventory.listed(row.ref.value, row.fields, {1: "x"})
            tasks.outcome(row)
            inventory.attributes(row.fields.get("field"))

    def update() -> None:
        known = updates.Known()
        known.apply(wait)
        known.keys()
        known.listed(known.all(), {})

    def used() -> None:
        ports = tuple(properties.items(answer))
        asked = usage.entities(ports, usage.machines(answer))
        usage.users(ports, (), asked, ())

    for work in (
        read,
        update,
        used,
        lambda: updates.version(wait),
        lambda: list(inventory.granted(answer)),
        lambda: inventory.attributes(answer),
        lambda: wire.mo_refs(answer),
        lambda: faults.error(Fault(("NoPermission",), {"missingPrivileges": answer}), LOOK, "vc"),
        lambda: faults.error(Fault(("DvsOperationBulkFault",), {"hostFault": answer}), LOOK, "vc"),
    ):
        with contextlib.suppress(errors.NotVCenterError, DeadSessionError):
            work()


ODD: tuple[Any, ...] = (5, True, "text", GROUP, Fault(("X",), {}), {}, [5], [None], [{}], [[]])


@pytest.mark.parametrize("path", PATHS)
def test_fields_of_any_form_make_a_row(path: str) -> None:
    for odd in ODD:
        for fields in ({path: odd}, {"config": {path: odd}, "uuid": "u"}):
            row = properties.Row(ref=GROUP, fields=fields, missing={})
            assert inventory.listed("a", fields, {1: "x"}).mo_ref == "a"
            assert inventory.inventory([row]).datacenters == ()
            assert not row.gone
            tasks.outcome(row)
