"""No password, token or session id in a log line, a span, an error, a file that others may read."""

from __future__ import annotations

import asyncio
import gc
import logging
import traceback
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from akoo_avi.client import AviClient, AviError, Credential, logs
from akoo_testbed.avisim import faults
from akoo_testbed.avisim import pytest as avisim_
from akoo_testbed.trust import certificates
from opentelemetry.sdk import trace as sdk
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from akoo_core import external

Connect = Callable[..., Awaitable[AviClient]]
PASSWORD = "Canary-password-7"
OTHER = "Canary-of-another-user-8"


@pytest.fixture
def avisim_options() -> avisim_.AviOptions:
    return avisim_.AviOptions(password=PASSWORD)


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = sdk.TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(external, "_tracer", provider.get_tracer("test"))
    yield exporter
    provider.shutdown()


@pytest.fixture
def loud(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Everything is logged, as somebody who looks for a bug may ask for."""
    logs.install()
    with caplog.at_level(logging.DEBUG):
        for name in logs.LOGGERS:
            caplog.set_level(logging.DEBUG, logger=name)
        yield caplog


class Trouble:
    """Everything that goes wrong, one after the other; keeps what it reads."""

    def __init__(self, connect: Connect, avisim: avisim_.RunningAvi) -> None:
        self.connect = connect
        self.avisim = avisim
        self.texts: list[str] = []
        self.secrets = {PASSWORD, OTHER}

    def note_sessions(self) -> None:
        for session in self.avisim.controller.state.accounts.sessions.values():
            self.secrets |= {session.id, session.csrf}

    async def meet(self, work: Awaitable[Any], **fault: Any) -> None:
        number = self.avisim.controller.faults.add(faults.Fault(**fault)) if fault else 0
        try:
            await work
        except AviError as error:
            self.texts += [str(error), repr(error), repr(vars(error))]
            self.texts += traceback.format_exception(error)
        else:
            raise AssertionError(f"nothing went wrong at {fault}")
        self.note_sessions()
        self.avisim.controller.faults.remove(number)


async def all_that_goes_wrong(trouble: Trouble, seam: external.External) -> None:
    client = await trouble.connect()
    trouble.note_sessions()
    user = {"name": "two", "username": "two", "password": OTHER}

    def create() -> Awaitable[Any]:
        return client.create("user", user, tenant="admin")

    echo = f"no: {PASSWORD} and {{'password': '{OTHER}'}}"
    await trouble.meet(create(), drop=True, kind="user")
    await trouble.meet(create(), status=400, text=f'{{"error": "{echo}"}}', kind="user")
    await trouble.meet(create(), answer="bad-pb", text=f"Bad pb: {echo}", kind="user")
    await trouble.meet(create(), answer="no-session", kind="user", times=2)
    await trouble.meet(create(), status=500, text=echo, kind="user")
    await trouble.meet(create(), status=302, text=echo, kind="user")
    await trouble.meet(
        trouble.connect(ca_pem=f"# again\n{trouble.avisim.server.ca_pem}"),
        answer="bad-credentials",
        text=f"Invalid credentials {echo}",
        path="/login",
    )
    await trouble.meet(trouble.connect(ca_pem=certificates.Authority("other").pem))
    seam.deadline_seconds = 0.2
    seam.longest_seconds = 0.2
    await trouble.meet(create(), hold_seconds=60, kind="user")


async def test_nothing_secret_leaves(
    connect: Connect,
    avisim: avisim_.RunningAvi,
    seam: external.External,
    spans: InMemorySpanExporter,
    loud: pytest.LogCaptureFixture,
) -> None:
    trouble = Trouble(connect, avisim)
    await all_that_goes_wrong(trouble, seam)
    lines = [f"{record.getMessage()} {record.exc_text} {vars(record)}" for record in loud.records]
    exported = [span.to_json() for span in spans.get_finished_spans()]
    assert len(trouble.texts) > 30
    assert {span.name for span in spans.get_finished_spans()} >= {"avi POST login", "avi POST user"}
    assert len(trouble.secrets) > 4
    for text in (*trouble.texts, *lines, *exported):
        for secret in trouble.secrets:
            assert secret not in text
    assert not [record for record in loud.records if record.name.startswith("avi")]


async def test_spans_say_what_and_where(
    connect: Connect, avisim: avisim_.RunningAvi, spans: InMemorySpanExporter
) -> None:
    client = await connect()
    await client.list("pool")
    login, listed = spans.get_finished_spans()
    at = f"127.0.0.1:{avisim.server.port}"
    assert login.attributes is not None
    assert listed.attributes is not None
    assert (login.attributes["akoo.target"], login.attributes["akoo.write"]) == (at, False)
    assert listed.attributes["akoo.target"] == f"{at} pool"
    assert listed.attributes["http.response.status_code"] == 200


def test_what_others_do_with_avisdk_is_masked(loud: pytest.LogCaptureFixture) -> None:
    Credential("akoo", PASSWORD)
    for name in logs.LOGGERS:
        logger = logging.getLogger(name)
        logger.info("session of %s", PASSWORD)
        logger.warning("body %s", {"username": "bob", "password": OTHER})
        logger.error("token %s", PASSWORD, exc_info=ValueError(PASSWORD))
    assert len(loud.records) == 2 * len(logs.LOGGERS)
    assert PASSWORD not in loud.text
    assert OTHER not in loud.text
    logs.install()
    assert all(len(logging.getLogger(name).filters) == 1 for name in logs.LOGGERS)


async def test_nothing_is_written_to_disk(
    connect: Connect, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that is killed would leave a file there."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    client = await connect()
    assert await client.list("pool") == ()
    assert not list(tmp_path.iterdir())


async def test_an_error_keeps_no_request_alive(
    connect: Connect, avisim: avisim_.RunningAvi
) -> None:
    """An error that is kept (in a condition, in a test) keeps its text and no socket or body."""
    client = await connect()
    avisim.controller.faults.add(faults.Fault(drop=True, kind="user"))
    task = asyncio.ensure_future(client.create("user", {"password": OTHER}, tenant="admin"))
    await asyncio.wait([task])
    error = task.exception()
    assert isinstance(error, AviError)
    assert error.__cause__ is None
    chain = [error.__context__, getattr(error.__context__, "__context__", None)]
    gc.collect()
    assert not [
        error for error in chain if type(error).__module__.startswith(("requests", "urllib3"))
    ]
