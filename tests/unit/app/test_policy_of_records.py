"""A policy of records that names another account is seen at the start, by a dry run."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from akoo_core.app import policies
from akoo_core.kube import errors as kube_errors
from akoo_core.kube.resource import AKO_DEPLOYMENTS
from akoo_core.testing import memory, virtual_time

COMMAND = "akoo-core manifests policies --install-namespace lb"
DENIED = (
    "ValidatingAdmissionPolicy 'keep-records.akoo.io' with binding 'keep-records.akoo.io' denied "
    "request: AKODeployment akoo-1 is the record of Cluster team-a/shop"
)


def server_with(*specs: dict[str, Any]) -> memory.MemoryServer:
    server = memory.MemoryServer()
    for number, spec in enumerate(specs):
        server.seed(record_of(f"akoo-{number}", spec))
    return server


def record_of(name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": AKO_DEPLOYMENTS.api_version,
        "kind": AKO_DEPLOYMENTS.kind,
        "metadata": {"name": name},
        "spec": spec,
    }


def refuse(server: memory.MemoryServer, message: str) -> None:
    error = kube_errors.ForbiddenError(message)
    server.faults.before("delete akodeployments", error, times=100)


FINISHED = {"finishedAt": "2026-11-30T12:00:00Z"}


async def test_a_policy_that_knows_us_is_nothing_to_say_and_nothing_is_deleted() -> None:
    server = server_with({})
    assert await policies.refusal(server.client(), COMMAND) == ""
    assert len(list(server.objects(AKO_DEPLOYMENTS))) == 1


async def test_a_policy_that_names_another_account_is_one_line_with_its_command() -> None:
    server = server_with(FINISHED, {})
    refuse(server, DENIED)
    assert await policies.refusal(server.client(), COMMAND) == (
        "policy keep-records.akoo.io does not let this account delete records: it names another "
        f"one. Apply it: {COMMAND} | kubectl apply --server-side -f -"
    )


@pytest.mark.parametrize("specs", [(), (FINISHED,)], ids=["no record", "only finished ones"])
async def test_where_nothing_can_be_tried_nothing_is_said(
    specs: tuple[dict[str, str], ...],
) -> None:
    server = server_with(*specs)
    refuse(server, DENIED)
    assert await policies.refusal(server.client(), COMMAND) is None


@virtual_time.test
async def test_the_first_record_of_an_installation_is_tried(clock: virtual_time.LoopClock) -> None:
    """At the start there is none; later the policy is applied, and the operator is ready."""
    server, messages = server_with(FINISHED), [""]
    following = asyncio.create_task(policies.follow(server.client(), COMMAND, messages.append))
    await asyncio.sleep(policies.LOOK_SECONDS * 3)
    assert set(messages) == {""}
    server.seed(record_of("akoo-9", {}))
    refuse(server, DENIED)
    await asyncio.sleep(policies.LOOK_SECONDS * 2)
    assert messages[-1].startswith("policy keep-records.akoo.io does not let this account")
    assert not following.done()
    server.faults.clear()
    await asyncio.sleep(policies.LOOK_SECONDS * 2)
    assert (following.done(), messages[-1]) == (True, "")


@virtual_time.test
async def test_an_api_server_that_does_not_answer_ends_nothing(
    clock: virtual_time.LoopClock,
) -> None:
    server, messages = server_with({}), ["before"]
    server.faults.before("list akodeployments", kube_errors.ServerError("down"), times=3)
    following = asyncio.create_task(policies.follow(server.client(), COMMAND, messages.append))
    await asyncio.sleep(policies.LOOK_SECONDS)
    assert messages == ["before"]
    await asyncio.sleep(policies.LOOK_SECONDS * 3)
    assert (following.done(), messages[-1]) == (True, "")


async def test_missing_rights_are_another_matter() -> None:
    server = server_with({})
    refuse(server, "not allowed to delete akodeployments.akoo.io")
    with pytest.raises(kube_errors.ForbiddenError):
        await policies.refusal(server.client(), COMMAND)
