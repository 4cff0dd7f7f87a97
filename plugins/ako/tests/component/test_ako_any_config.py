"""Any config that the plugin accepts renders objects that a real API server accepts, unchanged."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
from akoo_ako import desired, options, settings
from akoo_ako.refusals import refusal
from akoo_ako.rendering import objects
from akoo_testbed import running
from hypothesis import given
from hypothesis import strategies as st

from akoo_core import external, structs
from akoo_core.kube import resource, transport
from akoo_core.kube.access import config
from akoo_core.kube.request import APPLY_PATCH, Payload, ServerRequest
from akoo_core.reconcile.deploy import drift, kinds
from tests.ako.ako_configs import OPTIONS, PARTS, POD_OPTIONS, SPEC

EXAMPLES = 1000 if os.environ.get("AKOO_PROOF") else 60
NAMESPACE = "avi-any"
LEFT_OUT = {"Namespace", "CustomResourceDefinition", "GatewayClass"}
"""Definitions do not depend on the config; that of the GatewayClass is the user's."""
STRICT = {"fieldManager": "test", "fieldValidation": "Strict", "force": "true", "dryRun": "All"}

Object = dict[str, Any]


class Server:
    """Dry runs of objects in a namespace that has nothing, by the operator's own client."""

    def __init__(self, server: running.RunningServer, kubeconfig: pathlib.Path) -> None:
        self._server, self._kubeconfig = server, kubeconfig
        self._taken: set[bytes] = set()

    def open(self) -> None:
        self._server.run(self._open())

    async def _open(self) -> None:
        endpoint = await config.endpoint_of(str(self._kubeconfig))
        self._kube = transport.HttpClient(endpoint, external=external.External(), system="workload")
        self._kinds = kinds.Kinds(self._kube)
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
        await self._kube.apply(resource.NAMESPACES, namespace)

    def close(self) -> None:
        self._server.run(self._kube.close())

    def takes(self, rendered: tuple[Object, ...]) -> None:
        """Raises for the first object that the server refuses or does not take as it is."""
        for obj in rendered:
            text = structs.encode_json(obj)
            if obj["kind"] not in LEFT_OUT and text not in self._taken:
                self._server.run(self._dry_run(structs.decode_json(text)))
                self._taken.add(text)

    async def _dry_run(self, obj: Object) -> None:
        metadata = obj["metadata"]
        if "namespace" in metadata:
            metadata["namespace"] = NAMESPACE
        kind = await self._kinds.find(obj["apiVersion"], obj["kind"])
        request = ServerRequest("apply", kind, metadata.get("namespace"), metadata["name"])
        taken = await self._kube.transport.send(request, Payload(STRICT, obj, APPLY_PATCH))
        lost = drift.differences(obj, taken)
        assert [path for path in lost if ".resources." not in path] == []  # quantities: 0.5 is 500m


@pytest.fixture
def server(apiserver: running.RunningServer, tmp_path: pathlib.Path) -> Iterator[Server]:
    kubeconfig = tmp_path / "admin.kubeconfig"
    kubeconfig.write_text(apiserver.kubeconfig)
    opened = Server(apiserver, kubeconfig)
    opened.open()
    yield opened
    opened.close()


def rendered(build: Any, spec: Object, chosen: options.Options) -> tuple[Object, ...]:
    """The objects of a config; () for a config that is refused."""
    view = build.view({"spec": {**build.minimal, **spec}}, chosen)
    try:
        return objects.render(desired.decide(view, settings.Settings()))
    except refusal.Refusal:
        return ()


def test_a_server_accepts_any_config_that_is_accepted(server: Server, build: Any) -> None:
    accepted = 0

    @hypothesis.settings(derandomize=True, deadline=None, max_examples=EXAMPLES)
    @given(spec=st.just({}) | SPEC, chosen=OPTIONS | POD_OPTIONS)
    def check(spec: Object, chosen: options.Options) -> None:
        nonlocal accepted
        made = rendered(build, spec, chosen)
        server.takes(made)
        accepted += bool(made)

    check()
    assert accepted >= EXAMPLES // 10


@pytest.mark.parametrize("part", PARTS)
def test_a_server_accepts_any_part_that_is_accepted(server: Server, build: Any, part: str) -> None:
    accepted = 0

    @hypothesis.settings(derandomize=True, deadline=None, max_examples=2 * EXAMPLES)
    @given(chosen=PARTS[part])
    def check(chosen: Object) -> None:
        nonlocal accepted
        made = rendered(build, {}, options.Options(version="2.1.1", **chosen))
        server.takes(made)
        accepted += bool(made)

    check()
    assert accepted > 0
