"""The main job, as a newcomer runs it: one command, a story, nothing left behind."""

from __future__ import annotations

import contextlib
import io
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import AsyncIterator, Iterator

import pytest
from akoo_testbed.avisim.client import Client as AviClient
from akoo_testbed.building import build
from akoo_testbed.kubeapi import KubeApi
from akoo_testbed.parts import Vcsim

from akoo_core.sandbox import chapters, display, run
from akoo_core.sandbox.stage import RECORD
from akoo_core.testing.chapters import Chapter, Stage

proof = pytest.mark.skipif(not os.environ.get("AKOO_PROOF"), reason="make proof plays it")

SECONDS = 120.0
LONGEST_SECONDS = 240.0
"""Of a story with the chapters of all plugins, or with commands after it."""


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "akoo_core", "sandbox", *arguments]


def test_the_story_comes_true_and_a_cluster_lives_until_ctrl_c() -> None:
    """The story, then the commands that the last lines name; Ctrl-C leaves nothing behind."""
    with _staying() as sandbox:
        _check_story(sandbox.text)
        assert "create cluster demo/web, which stays" in sandbox.text
        listed = sandbox.type("kubectl", "get", "akodeployments")
        explained = sandbox.type("akoo-core", "explain", "demo/web")
        planned = sandbox.type("akoo-core", "plan", "demo/web", "--verb", "sweep")
        paused = sandbox.type("akoo-core", "pause", "demo/web", "--yes")
        more, again = (sandbox.type("akoo-core", "sandbox", "cluster", "more") for _ in range(2))
        addresses = [sandbox.address(label) for label in ("page", "Jaeger", "Metrics")]
        fleet, jaeger, metrics = map(_fetch, addresses)
        folder = sandbox.folder
    assert "<title>" in fleet
    assert "akoo_verb_seconds_count" in metrics
    # A reader who opens the address is not surprised by what is there.
    assert ("This is not the Jaeger UI" in jaeger) == ("no UI: built from source" in sandbox.text)
    assert re.search(r" demo +shop .* Finished ", listed), listed
    assert re.search(r" demo +web .* Running ", listed), listed
    assert explained.startswith('demo/web is managed by AKODeploymentConfig "default"'), explained
    assert re.match(r"demo/web \(record akoo-\w{12}\): sweep would do this now\n", planned), planned
    assert "does nothing for demo/web until you resume it" in paused, paused
    assert re.fullmatch(r"cluster demo/more is Running, record akoo-\w{12}\n", more), more
    assert "FakeCluster demo/more exists already. Choose another name" in again
    assert not folder.exists(), "files of the bed"
    assert not _mentioning(str(folder)), "processes of the bed"


class Staying:
    """A sandbox that has printed its last lines, and a second terminal."""

    def __init__(self, text: str) -> None:
        self.text = text
        exports = dict(re.findall(r"export (\w+)=\"?([^\s\"]+)", text))
        assert exports.keys() == {"KUBECONFIG", "AKOO_CONFIG", "PATH"}, text
        self.folder = pathlib.Path(exports["KUBECONFIG"]).parent
        own = {name: value for name, value in os.environ.items() if not name.startswith("AKOO_")}
        path = exports["PATH"].replace("$PATH", os.environ.get("PATH", os.defpath))
        self._environment = {**own, **exports, "PATH": path}

    def type(self, *words: str) -> str:
        """The output of a command."""
        # The shell finds the program in the PATH that was printed.
        done = subprocess.run(
            ["/usr/bin/env", *words],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        return done.stdout

    def address(self, label: str) -> str:
        """The address that was printed behind a label."""
        address = re.search(rf"^  {label} +(http\S+)$", self.text, re.MULTILINE)
        assert address, self.text
        return address[1]


def _fetch(url: str) -> str:
    """The page behind a local address, as a browser gets it: with cookies, without proxies."""
    cookies, proxies = urllib.request.HTTPCookieProcessor(), urllib.request.ProxyHandler({})
    opener = urllib.request.build_opener(cookies, proxies)
    with opener.open(url, timeout=SECONDS) as answer:
        page: bytes = answer.read()
    return page.decode()


@contextlib.contextmanager
def _staying() -> Iterator[Staying]:
    """A sandbox as a person leaves it running; Ctrl-C at the end, to which it ends well."""
    command = ["env", "--default-signal=INT", *_command()]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert running.stdout is not None
    late = threading.Timer(LONGEST_SECONDS, running.kill)
    late.start()
    with running:
        try:
            lines: list[str] = []
            for line in running.stdout:
                lines.append(line)
                if "Ctrl-C ends everything" in line:
                    break
            text = "".join(lines)
            assert "Ctrl-C ends everything" in text, text
            yield Staying(text)
            running.send_signal(signal.SIGINT)
            rest = running.stdout.read()
        finally:
            late.cancel()
            running.kill()
    assert running.returncode == 0, rest
    assert rest == ""


def _check_story(text: str) -> None:
    """Every step with its result, and the history from Jaeger."""
    story = [
        ("create cluster demo/shop", "Available"),
        ('selected by config "default"', r"record akoo-[0-9a-f]{12}"),
        ("AKO deployed", r"\d+ objects, ako-0 Ready, AKO \d+\.\d+"),
        (
            "two Services get addresses",
            r"(10\.70\.0\.\d+(, )?){2} \(8 objects on Avi: l4policyset, pool, .*, vsvip\)",
        ),
        ("a setting is changed and rolls", "shardVSSize LARGE, a new ako-0 is Ready"),
        (
            "delete cluster demo/shop, AKO killed half-way",
            r"4 of 8 objects left on Avi, AKO fenced \(Stopped\)",
        ),
        ("swept, verified", r"own 0 · suspect 0 · held 0 \(quiet period 1s here\)"),
        ("cluster let go", "Proven; nothing left on Avi"),
    ]
    for number, (step, result) in enumerate(story, start=1):
        row = rf"^ +{number}  {re.escape(step)} +{result}"
        assert re.search(row, text, re.MULTILINE), text
    lived = ("create-record", "prepare", "deploy", "observe")
    left = ("confirm", "drain", "fence", "sweep", "verify", "let-go", "release", "finish")
    for verb in lived + left:
        assert re.search(rf"^ +[0-9:.]{{12}}  {verb} ", text, re.MULTILINE), verb
    swept = re.search(r"  sweep +avi .*", text)
    assert swept
    assert re.search(r"DELETE vsvip 1.*|DELETE pool 1.*", swept[0]), "each call by kind and count"
    assert "\033" not in text, "plain lines where there is no terminal"


def test_a_network_and_an_account_from_their_first_day_to_their_last() -> None:
    """All plugins, with vCenter and OpenBao: the operator's own accounts there, and the rights that
    are rendered for it. The account goes before the network."""
    done = _played("vsphere,tenancy,ako,avi")
    _check_rows(done, [*MADE, *LIVES, *ACCOUNT, *ENDS, *ACCOUNT_ENDS, *NETWORK_ENDS])
    _check_network(done)
    _check_account(done)


@proof
def test_a_network_from_its_first_port_group_to_its_last() -> None:
    """Without plugin tenancy: AKO is killed half-way, and what it leaves is swept."""
    done = _played("vsphere,ako,avi")
    killed = ("delete cluster demo/shop, AKO killed half-way", "4 of 8 objects left on Avi")
    _check_rows(done, [*MADE, *LIVES, killed, *SWEPT, *NETWORK_ENDS])
    _check_network(done)


@proof
def test_an_account_from_its_first_login_to_its_tombstone() -> None:
    """Without plugin vsphere."""
    done = _played("tenancy,ako,avi")
    _check_rows(done, [*LIVES, *ACCOUNT, *ENDS, *ACCOUNT_ENDS])
    _check_account(done)


Rows = list[tuple[str, str]]
"""Steps of a story, each with a pattern of its result."""

MADE: Rows = [
    ("port group edge is declared", r"dvportgroup-\d+ with VLAN 112 in /DC0/network/edge"),
    ("Avi discovers it and gets addresses", "90 addresses"),
    ("somebody changes its VLAN to 666", r"VLAN 112 again after \d+\.\d s"),
]
LIVES: Rows = [
    ("create cluster demo/shop", "Available"),
    ('selected by config "default"', r"record akoo-[0-9a-f]{12}"),
    ("AKO deployed", r"\d+ objects, ako-0 Ready"),
    ("two Services get addresses", r"(10\.7[01]\.0\.\d+(, )?){2} \(8 objects on Avi"),
    ("a setting is changed and rolls", "shardVSSize LARGE"),
]
USER = r"akoo-[0-9a-f]{12}-00000"
ACCOUNT: Rows = [
    ("its account on another's pool", f"{USER}1: GET 403, PUT 403, DELETE 403"),
    ("rotate, while a Service is made", f"{USER}2: AKO starts 1, refused logins 0"),
]
SWEPT: Rows = [
    ("swept, verified", "own 0 · suspect 0 · held 0"),
    ("cluster let go", "Proven; nothing left on Avi"),
]
ENDS: Rows = [
    ("delete cluster demo/shop, AKO cut off", r".*AKO fenced \(Revoked\)"),
    *SWEPT,
]
ACCOUNT_ENDS: Rows = [
    ("its record is a tombstone", r"revoked, \d+ versions destroyed; no user, no role"),
    ("its tenant goes with it", "tenants on Avi: admin"),
]
NETWORK_ENDS: Rows = [
    ("delete config and port group edge, a VM is on it", r'Port group "edge" .*\(left-behind\)'),
    ("the VM leaves, the port group goes", "nothing of it in vCenter"),
]


def _played(plugins: str) -> str:
    """Output of the sandbox with these plugins, which ends by itself."""
    done = subprocess.run(
        _command("--plugins", plugins, "--once"),
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout


def _check_rows(text: str, rows: Rows) -> None:
    numbered = re.findall(r"^ +(\d+)  ", text, re.MULTILINE)
    assert numbered == [str(number) for number in range(1, len(rows) + 1)], text
    for number, (step, result) in enumerate(rows, start=1):
        row = rf"^ +{number}  {re.escape(step)} +{result}"
        assert re.search(row, text, re.MULTILINE), (row, text)


def _check_network(text: str) -> None:
    assert re.search(r"VSpherePortGroup/edge +good", text), "the check of the plugin"
    history = text.partition("akoo-core trace --kind VSpherePortGroup edge")[2]
    calls = re.search(r"^    calls of vsphere: (.*)$", history, re.MULTILINE)
    assert calls, text
    counted = calls[1].split(", ")
    assert {"AddDVPortgroup_Task 1", "Destroy_Task 1"} <= set(counted)
    # The attempts share one session: the connection's own attempt may have logged in.
    assert [call for call in counted if call.startswith("Login ")] in ([], ["Login 1"])
    lines = re.findall(r"^ +[0-9:.]{12}  port-groups +(\w+) .*", history, re.MULTILINE)
    assert set(lines) == {"vsphere", "avi"}, history


def _check_account(text: str) -> None:
    assert "its own pools: 2; tenant akoo-" in text
    assert "virtual services changed: 0 of 2" in text
    assert re.search(rf"login as {USER}1: 401", text)
    assert "Passwords in log and traces: 0 of 2" in text
    traced = {
        "prepare": ("POST role", "POST user", "POST data"),
        "fence": ("POST data", "DELETE user", "POST login"),
        "release": ("DELETE role", "POST destroy"),
    }
    for verb, calls in traced.items():
        lines = re.findall(rf"^ +[0-9:.]{{12}}  {verb} +tenancy .*$", text, re.MULTILINE)
        assert [line for line in lines if all(call in line for call in calls)], verb


def test_ctrl_c_in_the_middle_ends_all_of_it() -> None:
    # Tests that a shell runs in the background are deaf to Ctrl-C, and so would be their children.
    command = ["env", "--default-signal=INT", *_command()]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert running.stdout is not None
    folder = ""
    with running:
        for line in running.stdout:
            if "operator " in line:
                folder = _folder(running.pid)
                running.send_signal(signal.SIGINT)
                break
        rest = running.stdout.read()
    assert running.returncode == 130, rest
    assert "Traceback" not in rest
    assert folder
    assert not pathlib.Path(folder).exists(), "files of the bed"
    assert not _mentioning(folder), "processes of the bed"


@proof
async def test_the_story_does_not_wait_for_the_first_build_of_jaeger(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its spans are all in the history: those from before Jaeger, too."""
    missing = build.missing
    monkeypatch.setattr(build, "missing", lambda names, **rest: [*missing(names, **rest), "jaeger"])
    output = io.StringIO()
    await run.run("ako,avi", once=True, show=display.Display(output))
    text = output.getvalue()
    assert re.search(r"^  test bed .*  cluster-api +\d", text, re.MULTILINE), text
    assert "started    management cluster, Avi simulator  " in text
    assert text.index("cluster let go") < text.index("jaeger     built, started, has the spans")
    _check_story(text)


@proof
async def test_nor_does_that_of_a_chapter_that_asks_jaeger(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = build.missing
    monkeypatch.setattr(build, "missing", lambda names, **rest: [*missing(names, **rest), "jaeger"])
    output = io.StringIO()
    await run.run("tenancy,ako,avi", once=True, show=display.Display(output))
    text = output.getvalue()
    assert "started    management cluster, Avi simulator, OpenBao  " in text
    order = (
        "its tenant goes with it",
        "jaeger     built, started",
        "Passwords in log and traces: 0",
    )
    assert sorted(order, key=text.index) == list(order), text


@proof
async def test_a_chapter_with_a_vcenter(monkeypatch: pytest.MonkeyPatch) -> None:
    """The parts that it names run, it sees the others, and its acts come at their moments."""
    own = chapters.of
    monkeypatch.setattr(
        chapters, "of", lambda plugins: {"vcenter": _vcenter_chapter(), **own(plugins)}
    )
    output = io.StringIO()
    await run.run("ako,avi", once=True, show=display.Display(output))
    text = output.getvalue()
    assert re.search(r"^  test bed .*  jaeger  vcsim ", text, re.MULTILINE), text
    assert "management cluster, Avi simulator, Jaeger, vCenter simulator " in text
    numbered = re.findall(r"^ +(\d+)  (.*?)  ", text, re.MULTILINE)
    titles = [title for _, title in numbered]
    assert [number for number, _ in numbered] == [str(n) for n in range(1, len(titles) + 1)], text
    expected = ["port groups of the vCenter", "create cluster demo/shop", "swept, verified"]
    assert [title for title in titles if title in expected] == expected, text
    assert titles[-1] == "the VM is taken off", text
    assert "furnished, ended" in text
    assert "WritesPermitted" in text, "the check of the Avi plugin"


def _vcenter_chapter() -> Chapter:
    @contextlib.asynccontextmanager
    async def furnish(stage: Stage) -> AsyncIterator[None]:
        networks = stage.part(AviClient).names("network")
        assert "vip-a" in networks
        yield
        stage.line("furnished, ended")

    async def opening(stage: Stage) -> None:
        with stage.step("port groups of the vCenter") as step:
            groups = await stage.part(Vcsim).control.port_groups()
            step.result = f"{len(groups)} port groups"
        await stage.add_secret("vcenter", username="x")
        secret = await stage.until("v1/Secret", "akoo-system", "vcenter", lambda obj: obj)
        assert secret["metadata"]["name"] == "vcenter"

    async def living(stage: Stage) -> None:
        record = await stage.part(KubeApi).get(RECORD, None, stage.record)
        assert record["spec"]["clusterRef"]["name"] == "shop"
        stage.line(await stage.command("check", "avi"))

    async def closing(stage: Stage) -> None:
        control = stage.part(Vcsim).control
        await control.attach("DC0-free", machine="late")
        with stage.step("the VM is taken off"):
            await control.detach("DC0-free", machine="late")

    return Chapter(
        title="a vCenter",
        needs=("vcsim",),
        furnish=furnish,
        config=lambda stage: {"extraConfigs": {"log": {"logLevel": "DEBUG"}}},
        opening=opening,
        living=living,
        closing=closing,
        links=lambda stage: {"vCenter": stage.part(Vcsim).url},
    )


def _folder(pid: int) -> str:
    """The folder of the bed that a sandbox runs: where its children keep their data."""
    for command in _mentioning("akoo-testbed-"):
        match = re.search(r"/\S*?/akoo-testbed-[a-z0-9_]+(?=/)", command[1])
        if match and _descends(command[0], pid):
            return match[0]
    return ""


def _mentioning(text: str) -> list[tuple[int, str]]:
    """(pid, command line) of the processes whose command line has ``text``."""
    processes = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if text in command:
                processes.append((int(entry.name), command))
    return processes


def _descends(pid: int, ancestor: int) -> bool:
    while pid > 1:
        if pid == ancestor:
            return True
        try:
            stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            return False
        pid = int(stat.rpartition(")")[2].split()[1])
    return False
