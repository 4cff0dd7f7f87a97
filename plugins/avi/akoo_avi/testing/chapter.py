"""The chapter of ``akoo-core sandbox``: what AKO left on Avi is swept, and counted."""

from __future__ import annotations

from typing import Any

from akoo_core.testing.chapters import Chapter, Object, Stage

RECORD = "akoo.io/v1alpha1/AKODeployment"


async def proven(stage: Stage) -> None:
    """Leftovers of AKO are deleted from outside, and counted until the count is certain."""
    with stage.step("swept, verified") as step:
        record = await stage.until(RECORD, None, stage.record, _is_proven)
        proof: dict[str, Any] = record["spec"]["leaving"]["proof"]
        counts = " · ".join(f"{count} {proof[count]}" for count in ("own", "suspect", "held"))
        step.result = f"{counts} (quiet period {stage.config['quietPeriod']} here)"


def _is_proven(record: Object | None) -> bool:
    conditions = ((record or {}).get("status") or {}).get("conditions") or ()
    return any(
        condition["type"] == "CleanupProven" and condition["status"] == "True"
        for condition in conditions
    )


CHAPTER = Chapter(title="AKO's leftovers on Avi", leaving=proven)
