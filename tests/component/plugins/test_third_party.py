"""A plugin from elsewhere: built, installed with the built core into a clean environment, chosen.

Once per run: two wheels, one environment, a few seconds; every test looks at the same one.
"""

from __future__ import annotations

import asyncio
import json
import os
import pathlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
import yaml
from akoo_testbed import kubeapi

from akoo_core import structs
from akoo_core.sandbox import install, process
from akoo_core.traces import life
from tests.component.plugins import third_party_bed

ROOT = pathlib.Path(__file__).parents[3]
EXAMPLE = ROOT / "examples" / "third_party"

Run = Callable[..., subprocess.CompletedProcess[str]]


def _uv() -> str:
    uv = shutil.which("uv") or shutil.which("uv", path=str(ROOT / ".tools" / "bin"))
    if uv is None:
        pytest.skip("uv is not here: `make setup` brings it")
    return uv


def _clean_environment() -> dict[str, str]:
    """Without the checkout's own environment and settings."""
    dropped = ("PYTHON", "VIRTUAL_ENV", "AKOO_", "UV_PROJECT")
    return {name: value for name, value in os.environ.items() if not name.startswith(dropped)}


@pytest.fixture(scope="module")
def outsider(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """outsider(*command): runs a program of the clean environment, away from the checkout."""
    folder, uv, environment = tmp_path_factory.mktemp("outsider"), _uv(), _clean_environment()

    def run(*command: str | pathlib.Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            list(map(str, command)),
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def must(*command: str | pathlib.Path) -> None:
        ran = run(*command)
        assert ran.returncode == 0, ran.stdout + ran.stderr

    example = folder / "source"
    shutil.copytree(EXAMPLE, example, ignore=shutil.ignore_patterns("dist", "__pycache__", ".*"))
    wheels = folder / "wheels"
    must(uv, "build", "--wheel", "--quiet", "--package", "akoo-core", "--out-dir", wheels, ROOT)
    must(uv, "build", "--wheel", "--quiet", "--out-dir", wheels, example)
    (core,) = wheels.glob("akoo_core-*.whl")
    (plugin,) = wheels.glob("akoo_acme_dns-*.whl")
    must(uv, "venv", "--quiet", "--python", sys.executable, folder / "env")
    python = folder / "env" / "bin" / "python"
    wanted = (f"{core}[otel]", plugin, "pytest>=8.3")
    must(uv, "pip", "install", "--quiet", "--python", python, *wanted)

    def outsider(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return run(folder / "env" / "bin" / program, *arguments)

    return outsider


@pytest.fixture(scope="module")
def program(outsider: Run) -> pathlib.Path:
    """`akoo-core` of the clean environment, to be started as a process."""
    return pathlib.Path(
        outsider("python", "-c", "import sys; print(sys.prefix)").stdout.strip()
    ) / ("bin/akoo-core")


def test_it_is_found_and_nothing_else_is(outsider: Run) -> None:
    listed = json.loads(outsider("akoo-core", "plugins", "list", "--output", "json").stdout)
    assert listed == [{"name": "acme-dns", "distribution": "akoo-acme-dns", "version": "0.3.0"}]


def test_it_is_shown(outsider: Run) -> None:
    shown = json.loads(
        outsider("akoo-core", "plugins", "show", "acme-dns", "--output", "json").stdout
    )
    assert shown["verbs"] == ["prepare", "contribute", "observe", "controllers", "plan"]
    assert shown["provides"] == [{"name": "ClusterDomain", "version": 1}]
    assert [setting["path"] for setting in shown["settings"]] == ["plugins.acme-dns.domain"]


def test_it_is_right(outsider: Run) -> None:
    checked = outsider("akoo-core", "plugins", "check", "acme-dns")
    assert checked.stdout == "acme-dns (akoo-acme-dns 0.3.0): 21 checks, no problem\n"
    assert (checked.returncode, checked.stderr) == (0, "")


def test_its_own_tests_pass_with_what_is_released(outsider: Run) -> None:
    ran = outsider("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "source/tests")
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_it_is_chosen_by_name_and_brings_its_rights(outsider: Run) -> None:
    rendered = outsider("akoo-core", "manifests", "rbac", "--plugins", "acme-dns")
    roles = [each for each in yaml.safe_load_all(rendered.stdout) if each["kind"] == "ClusterRole"]
    (cluster_role,) = (each for each in roles if each["metadata"]["name"] == "akoo-core")
    own = [rule for rule in cluster_role["rules"] if rule["apiGroups"] == ["dns.acme.example"]]
    assert own == [
        {
            "apiGroups": ["dns.acme.example"],
            "resources": ["dnszones"],
            "verbs": ["get", "list", "watch"],
        },
        {
            "apiGroups": ["dns.acme.example"],
            "resources": ["dnszones/status"],
            "verbs": ["patch"],
        },
    ]
    none = outsider("akoo-core", "manifests", "rbac", "--plugins", "none").stdout
    assert "dns.acme.example" not in none


def test_a_wrong_name_says_what_is_installed(outsider: Run) -> None:
    refused = outsider("akoo-core", "manifests", "rbac", "--plugins", "acme-dms")
    assert refused.returncode == 2
    assert refused.stderr == (
        'akoo-core: no plugin "acme-dms". Installed: acme-dns (akoo-acme-dns 0.3.0). '
        'Did you mean "acme-dns"?\n'
    )


def test_a_new_plugin_can_be_started_from_the_wheel(outsider: Run) -> None:
    assert outsider("akoo-core", "plugins", "new", "hello").returncode == 0
    program = (
        "import sys, pytest; sys.path.insert(0, 'akoo-hello'); "
        "sys.exit(pytest.main(['-q', '-p', 'no:cacheprovider', 'akoo-hello/tests']))"
    )
    ran = outsider("python", "-c", program)
    assert ran.returncode == 0, ran.stdout + ran.stderr


async def test_it_runs_and_its_span_is_in_jaeger(outsider: Run, program: pathlib.Path) -> None:
    """The operator of the clean environment, on a real API server, with the outsider's plugin."""
    rights = outsider("akoo-core", "manifests", "rbac", "--plugins", "acme-dns").stdout
    zones = EXAMPLE / "akoo_acme_dns" / "manifests" / "dnszones.yaml"
    async with third_party_bed.running(zones, rights) as where:
        await third_party_bed.select_a_cluster(where.api)
        operator = third_party_bed.operator(where, program, "acme-dns")
        async with process.running(operator):
            spans = await _spans(where.jaeger.query_url, "acme-dns name cluster")
        records = await where.api.list("akoo.io/v1alpha1/AKODeployment")
        command = ("akoo-core", "plan", "default/shop", "--plugins", "acme-dns")
        planned = await asyncio.to_thread(
            outsider, *command, "--kubeconfig", str(where.kubeconfig), "--output", "json"
        )
    (own,) = [span for span in spans if span.name == "acme-dns name cluster"]
    assert own.tags["acme.domain"] == "shop.default.clusters.example.com"
    (above,) = [span for span in spans if (span.trace, span.id) == (own.trace, own.parent)]
    assert above.name == "prepare acme-dns"
    (record,) = records
    assert planned.returncode == 0, planned.stderr
    (answer,) = json.loads(planned.stdout)["plugins"]
    assert [action["name"] for action in answer["actions"]] == ["shop.default.clusters.example.com"]
    assert json.loads(planned.stdout)["record"] == record["metadata"]["name"]
    fact = record["spec"]["facts"]["ClusterDomain"]
    assert (fact["plugin"], fact["data"]["domain"]) == ("acme-dns", own.tags["acme.domain"])


async def test_its_controller_waits_for_a_secret(outsider: Run, program: pathlib.Path) -> None:
    """A zone is ready as soon as its key is there: by the Secret's change, not by trying again."""
    rights = outsider("akoo-core", "manifests", "rbac", "--plugins", "acme-dns").stdout
    crds = EXAMPLE / "akoo_acme_dns" / "manifests" / "dnszones.yaml"
    zone = {
        "apiVersion": "dns.acme.example/v1",
        "kind": "DNSZone",
        "metadata": {"name": "keyed"},
        "spec": {
            "domain": "keyed.example.com",
            "transferKey": {"namespace": install.NAMESPACE, "name": "transfer"},
        },
    }
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"namespace": install.NAMESPACE, "name": "transfer"},
        "stringData": {"key": "c4nary-transfer-key"},
    }
    async with third_party_bed.running(crds, rights) as where:
        await where.api.create(zone)
        operator = third_party_bed.operator(where, program, "acme-dns")
        async with process.running(operator):
            status = await _judged(where.api, "Secret akoo-system/transfer does not exist")
            assert status["ready"] is False
            await where.api.create(secret)
            status = await _judged(where.api, "can be used")
            assert status["ready"] is True
        log = where.log.read_text()
    assert "zone judged" in log
    assert "c4nary" not in log


async def _judged(api: kubeapi.KubeApi, message: str) -> dict[str, Any]:
    """The zone's status, once it says that."""

    def says(zone: dict[str, Any] | None) -> bool:
        return zone is not None and message in (zone.get("status") or {}).get("message", "")

    zone = await api.wait_for("dns.acme.example/v1/DNSZone", None, "keyed", says, deadline=20.0)
    status: dict[str, Any] = (zone or {})["status"]
    return status


async def _spans(url: str, name: str) -> list[life.JaegerSpan]:
    """The traces of default/shop, once a span of that name is among them."""
    query = {"service": "akoo-core", "tags": '{"akoo.cluster":"default/shop"}', "limit": "100"}
    async with asyncio.timeout(30), aiohttp.ClientSession(trust_env=False) as session:
        while True:
            async with session.get(f"{url}/api/traces", params=query) as answer:
                spans = life.spans(structs.decode_json(await answer.read()))
            if any(span.name == name for span in spans):
                return spans
            await asyncio.sleep(0.2)
