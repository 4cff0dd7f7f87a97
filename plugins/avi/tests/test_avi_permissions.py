"""The role of the documentation suffices for a whole clean-up, and nothing it reads is idle."""

from __future__ import annotations

import pathlib
import re
from typing import Any

import pytest
from akoo_avi.ownership import claiming, kinds, visibility

from akoo_core import structs
from akoo_core.plugin import api
from tests.avi import avi_inventory
from tests.avi.avi_bed import PASSWORD, AviBed, X

PAGE = pathlib.Path(__file__).parents[3] / "docs/how-to/avi-permissions.md"


def blocks() -> tuple[dict[str, Any], dict[str, Any]]:
    examples = re.findall(r"^```json\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    role, user = (structs.decode_json(example) for example in examples)
    return role, user


def furnished(*without: str) -> AviBed:
    """A controller with the user of the page, whose role lacks ``without``."""
    role, user = blocks()
    privileges = [
        privilege for privilege in role["privileges"] if privilege["resource"] not in without
    ]
    bed = AviBed()
    bed.make("role", **{**role, "privileges": privileges})
    bed.make("user", **{**user, "password": PASSWORD})
    return bed


async def test_the_documented_role_suffices() -> None:
    bed = furnished()
    client = bed.client(username="akoo-core")
    context = bed.context()
    await claiming.settle(client, context.view.spec, claimed_epoch=None)
    avi_inventory.give_addresses(bed)
    before = bed.controller.snapshot()
    avi_inventory.lives(bed, X)
    avi_inventory.more(bed, X, "blue")
    assert isinstance(await bed.sweep(client), api.Done)
    proof = await bed.verify(client)
    assert isinstance(proof, api.Proof)
    assert (proof.own, proof.suspect, proof.held) == (0, 0, 0)
    diff = bed.diff(before)
    assert not any((diff.added, diff.removed, diff.changed))
    assert await client.get("cluster")
    assert await client.get("systemconfiguration")
    await claiming.give_back(client, context.view.spec)


@pytest.mark.parametrize(
    "permission",
    [*dict.fromkeys(kind.permission for kind in kinds.SEEN), "PERMISSION_USER", "PERMISSION_ROLE"],
)
async def test_without_one_of_them_nothing_is_proven(permission: str) -> None:
    bed = furnished(permission)
    bed.claim()
    answer = await bed.verify(bed.client(username="akoo-core"))
    assert isinstance(answer, api.Unverified)
    assert answer.reason == visibility.REASON


def test_all_that_is_deleted_or_edited_may_be_written() -> None:
    role, _ = blocks()
    written = {
        privilege["resource"]
        for privilege in role["privileges"]
        if privilege["type"] == "WRITE_ACCESS"
    }
    assert {kind.permission for kind in kinds.SEEN} <= written
