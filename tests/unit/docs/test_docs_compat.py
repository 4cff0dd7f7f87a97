"""The rows of `make compat`, their results, and the page that is made of both."""

from __future__ import annotations

import asyncio
import dataclasses
import pathlib
from collections.abc import Callable
from typing import Any

import pytest
from akoo_testbed import errors, kubeapi
from akoo_testbed.building import recipes
from akoo_testbed.management import Versions

from akoo_core.sandbox import avi, stage
from hack import compatibility
from hack.compat import __main__ as command
from hack.compat import life, operators, results, rows
from hack.compat.steps import Steps

RESULT = results.Result(
    row="cluster-api-1.13",
    kubernetes="1.34.4",
    cluster_api="1.13.6",
    workload="1.34.4",
    akoo_core="0.1.0",
    python="3.11.2",
    date="2026-11-30",
    seconds=60.5,
    steps=("proof", "adopt it"),
)
ROW = rows.Row("cluster-api-1.13", Versions(cluster_api="clusterapi-1.13"))


def test_every_release_of_the_bed_is_in_a_row_and_no_pair_twice() -> None:
    named = {name for row in rows.ROWS for name in dataclasses.astuple(row.versions)}
    parts = ("kubernetes", "clusterapi")
    assert named == {name for name in recipes.RECIPES if name.partition("-")[0] in parts}
    assert len({row.versions for row in rows.ROWS}) == len(rows.ROWS)
    assert len({row.name for row in rows.ROWS}) == len(rows.ROWS)


def test_the_first_row_is_what_all_tests_run_on() -> None:
    first = rows.ROWS[0]
    assert first.versions == Versions()
    assert f"v{first.kubernetes}" == recipes.KUBERNETES_VERSION
    assert f"v{first.cluster_api}" == recipes.CLUSTER_API_VERSION


@pytest.mark.parametrize("row", rows.ROWS, ids=lambda row: row.name)
def test_the_name_of_a_row_says_its_release(row: rows.Row) -> None:
    part, _, minor = row.name.rpartition("-")
    if part:
        release = row.cluster_api if part == "cluster-api" else row.kubernetes
        assert release.startswith(f"{minor}."), row


def test_results_are_appended_and_read_again(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "results.jsonl"
    assert results.read(file) == []
    later = dataclasses.replace(RESULT, failed="proof: no")
    results.append(RESULT, file)
    results.append(later, file)
    assert results.read(file) == [RESULT, later]
    assert results.newest(results.read(file), ROW) == later


def test_a_result_of_other_releases_does_not_count() -> None:
    others = [
        dataclasses.replace(RESULT, kubernetes="1.34.5"),
        dataclasses.replace(RESULT, cluster_api="1.13.7"),
    ]
    assert results.newest(others, ROW) is None


def test_a_broken_line_is_named(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "results.jsonl"
    results.append(RESULT, file)
    with file.open("a") as lines:
        lines.write('{"row": "default"}\n')
    with pytest.raises(ValueError, match=r"results\.jsonl:2: no result"):
        results.read(file)


def test_cells_of_the_page() -> None:
    noted = dataclasses.replace(ROW, note="v1beta1 only")
    failed = dataclasses.replace(RESULT, failed="proof: late")
    assert compatibility.tested(ROW, []) == "no"
    assert compatibility.tested(noted, []) == "no; v1beta1 only"
    assert compatibility.tested(ROW, [failed, RESULT]) == "a life, 2026-11-30"
    assert compatibility.tested(ROW, [RESULT, failed]) == (
        "a life of 2026-11-30 failed at: proof: late"
    )
    assert compatibility.tested(rows.ROWS[0], []) == "all tests"
    first = dataclasses.replace(RESULT, cluster_api=rows.ROWS[0].cluster_api)
    assert compatibility.tested(rows.ROWS[0], [first]) == "all tests; a life, 2026-11-30"


def test_a_name_that_is_no_row(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["cluster-api-1.9"]) == 2
    assert 'no row "cluster-api-1.9". There are: default, cluster-api-1.13,' in (
        capsys.readouterr().err
    )


@pytest.mark.parametrize("fails", [False, True])
def test_a_run_leaves_its_result(
    fails: bool, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def play(row: rows.Row, show: Steps) -> None:
        with show.step("proof"):
            await asyncio.sleep(0)
        with show.step("adopt it"):
            if fails:
                raise errors.PartError("it did not\nstart")

    monkeypatch.setattr(life, "play", play)
    monkeypatch.setattr(results, "FILE", tmp_path / "results.jsonl")
    assert command.main(["cluster-api-1.13"]) == int(fails)
    (result,) = results.read(tmp_path / "results.jsonl")
    assert (result.row, result.cluster_api, result.kubernetes) == (
        "cluster-api-1.13",
        "1.13.6",
        rows.WORKLOAD,
    )
    assert result.steps == (("proof",) if fails else ("proof", "adopt it"))
    assert result.failed == ("adopt it: it did not" if fails else "")


class FinishedApi(kubeapi.KubeApi):
    """Has one record, which is Finished."""

    def __init__(self, leaving: dict[str, Any]) -> None:
        super().__init__("{clusters: [{cluster: {server: 'https://127.0.0.1:1'}}], users: [{}]}")
        self._leaving = leaving

    async def wait_for(
        self,
        kind: str,
        namespace: str | None,
        name: str,
        predicate: Callable[[kubeapi.Object | None], object],
        deadline: float = 30.0,
    ) -> kubeapi.Object | None:
        spec = {"akoClusterName": name, "leaving": self._leaving}
        record = {"spec": spec, "status": {"phase": "Finished"}}
        assert predicate(record)
        assert not predicate({"status": {"phase": "Leaving"}})
        return record


PROVEN = {"letGo": {"why": "Proven"}, "proof": {"own": 0, "held": 0, "queries": ["GET all"]}}


@pytest.mark.parametrize(
    ("leaving", "message"),
    [
        (PROVEN, ""),
        (PROVEN | {"letGo": {"why": "NoVerifier"}}, "was let go as NoVerifier"),
        (PROVEN | {"proof": {"own": 1, "held": 0, "queries": []}}, "with the proof"),
        ({"letGo": {"why": "Proven"}}, "with the proof"),
    ],
    ids=str,
)
async def test_a_life_ends_with_a_proof_or_fails(leaving: dict[str, Any], message: str) -> None:
    async with avi.serving() as controller:
        proof = operators.proof_of(FinishedApi(leaving), controller, "akoo-1")
        if not message:
            assert await proof == "Proven, 1 queries, nothing left on Avi"
            return
        with pytest.raises(stage.StoryError, match=message):
            await proof


async def test_a_proof_of_what_is_still_on_avi_fails() -> None:
    async with avi.serving() as controller:
        marker = {"key": "clustername", "values": ["akoo-1"]}
        controller.admin.post("pool", {"name": "left", "markers": [marker]})
        with pytest.raises(stage.StoryError, match="but on Avi there is pool/left"):
            await operators.proof_of(FinishedApi(PROVEN), controller, "akoo-1")
