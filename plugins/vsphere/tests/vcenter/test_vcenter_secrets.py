"""No password and no session id in an error, a log line, a span or a repr."""

from __future__ import annotations

import logging
import subprocess
import sys
import traceback
from collections.abc import Awaitable, Iterator
from typing import Any

import pytest
from akoo_testbed.vcsim import Action, Fault
from akoo_testbed.vcsim import pytest as vcsim_plugin
from akoo_vsphere.client import errors
from akoo_vsphere.client.client import SoapClient
from opentelemetry.sdk import trace as sdk
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from akoo_core import external
from akoo_core.telemetry import tracing
from tests.vsphere.vcenter_client import SPEC, Open, group_named, inject, switch_of

WRONG = "Canary-wrong-password-9"


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = sdk.TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    for module in (external, tracing):
        monkeypatch.setattr(module, "_tracer", provider.get_tracer("test"))
    yield exporter
    provider.shutdown()


class Trouble:
    """Everything that goes wrong, one after the other; keeps what it reads."""

    def __init__(self, vcsim: vcsim_plugin.RunningVcsim) -> None:
        self.vcsim = vcsim
        self.texts: list[str] = []

    async def meet(self, work: Awaitable[Any], fault: Fault | None = None) -> None:
        if fault is not None:
            await inject(self.vcsim, fault)
        try:
            await work
        except errors.VCenterError as error:
            self.texts += [str(error), repr(error), repr(vars(error))]
            self.texts += traceback.format_exception(error)
        else:
            raise AssertionError(f"nothing went wrong at {fault}")
        await self.vcsim.call(self.vcsim.control.release())


async def test_nothing_secret_leaves(
    client: SoapClient,
    open_client: Open,
    vcsim: vcsim_plugin.RunningVcsim,
    spans: InMemorySpanExporter,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    trouble = Trouble(vcsim)
    switch = (await switch_of(client)).switch.mo_ref
    group = (await group_named(client, "DC0-free")).mo_ref
    session = client._connection._logins.current
    assert session is not None
    cookie = session.session._session._cookie  # type: ignore[attr-defined]
    password = vcsim.part.options.password
    secrets = {password, WRONG, cookie.partition("=")[2].strip('"')}
    assert all(len(secret) > 8 for secret in secrets)

    def create() -> Awaitable[str]:
        return client.create(switch, {**SPEC, "name": "new"})

    method = "AddDVPortgroup_Task"
    echo = {"name": password, "object": None, "invalidProperty": password, "reason": password}
    for fault, fields in (
        ("InvalidArgument", ("invalidProperty",)),
        ("ResourceInUse", ("name",)),
        ("InvalidName", ("name",)),
        ("SystemError", ("reason",)),
    ):
        wanted = {name: echo[name] for name in fields}
        thrown = Fault(action=Action.THROW, method=method, fault=fault, fields=wanted)
        await trouble.meet(create(), thrown)
    for broken in (
        Fault(action=Action.CUT, method=method),
        Fault(action=Action.STATUS, status=200, method=method),
        Fault(action=Action.STATUS, status=503, method=method),
        Fault(action=Action.TRUNCATE, method=method),
    ):
        await trouble.meet(create(), broken)
    for broken in (
        Fault(action=Action.CUT, method="Login"),
        Fault(action=Action.STATUS, status=200, method="Login"),
        Fault(action=Action.TRUNCATE, method="Login"),
    ):
        other = await open_client(ca_pem=f"# {broken.action}\n{vcsim.ca_file.read_text()}")
        await trouble.meet(other.about(), broken)
    await trouble.meet((await open_client(password=WRONG)).about())
    await trouble.meet((await open_client(ca_pem="", thumbprint=":".join(["AA"] * 32))).about())
    await trouble.meet(client.port_group("dvportgroup-4711"))
    await client.rename(group, "renamed")

    account = client._connection._logins.account
    reprs = [repr(thing) for thing in (account, client, session, session.session)]
    lines = [f"{record.getMessage()} {record.exc_text} {vars(record)}" for record in caplog.records]
    exported = [span.to_json() for span in spans.get_finished_spans()]
    names = {span.name for span in spans.get_finished_spans()}
    assert names >= {"vsphere Login", f"vsphere {method}", "vsphere RetrievePropertiesEx Task"}
    assert len(trouble.texts) > 40
    for text in (*trouble.texts, *reprs, *lines, *exported):
        for secret in secrets:
            assert secret not in text


async def test_errors_hold_no_frame_that_has_a_request(
    open_client: Open, vcsim: vcsim_plugin.RunningVcsim
) -> None:
    """Frames of pyvmomi hold bodies: a login has the password in it."""
    client = await open_client(password=WRONG)
    with pytest.raises(errors.CredentialRefusedError) as raised:
        await client.about()
    frame = raised.value.__traceback__
    while frame is not None:
        path = frame.tb_frame.f_code.co_filename
        assert "pyVmomi" not in path
        assert not path.endswith(("transport.py", "session.py"))
        frame = frame.tb_next
    assert raised.value.__suppress_context__


def test_pyvmomi_is_loaded_with_the_first_session_only() -> None:
    code = (
        "import sys, akoo_vsphere.client.sessions as s; s.SharedVCenters(); "
        "sys.exit('pyVmomi' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


async def test_a_wait_without_a_change_makes_no_span(
    client: SoapClient, spans: InMemorySpanExporter
) -> None:
    group = (await group_named(client, "DC0-free")).mo_ref
    version = (await client.changes("")).version
    spans.clear()
    await client.changes(version, 0)
    assert [span.name for span in spans.get_finished_spans()] == []
    await client.rename(group, "renamed")
    spans.clear()
    assert (await client.changes(version, 0)).changed
    assert {span.name for span in spans.get_finished_spans()} == {"vsphere WaitForUpdatesEx"}
