"""The Vault administrator's work on a test bed: the account for token reviews, and the script."""

from __future__ import annotations

import asyncio
import os
import pathlib
from collections.abc import Mapping
from typing import Any, Final

from akoo_testbed.parts import openbao

import akoo_tenancy

REVIEWER: Final = "vault-reviewer"
"""Name of the ServiceAccount with which OpenBao asks an API server about tokens."""
SETUP: Final = pathlib.Path(akoo_tenancy.__file__).parent / "vault/setup.sh"


def reviewer() -> tuple[dict[str, Any], ...]:
    """The ServiceAccount in ``kube-system``, and its right to review tokens."""
    rbac = "rbac.authorization.k8s.io"
    account = {"name": REVIEWER, "namespace": "kube-system"}
    return (
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account},
        {
            "apiVersion": f"{rbac}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": REVIEWER},
            "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": "system:auth-delegator"},
            "subjects": [{"kind": "ServiceAccount", **account}],
        },
    )


async def set_up(variables: Mapping[str, str]) -> None:
    """Run the script with ``variables``, and the bed's ``bao`` in PATH. Raises RuntimeError."""
    program = pathlib.Path(openbao.binary()).parent
    running = await asyncio.create_subprocess_exec(
        "sh",
        str(SETUP),
        env={"PATH": f"{program}:{os.environ.get('PATH', os.defpath)}", **variables},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await running.communicate()
    if running.returncode:
        raise RuntimeError(f"{SETUP} failed: {printed.decode(errors='replace')}")
