"""The way of the operator's spans: the proxy and the CAs of its settings."""

from __future__ import annotations

import contextlib
import pathlib
from typing import Any

import pytest
from akoo_testbed.trust import certificates

from akoo_core import settings
from akoo_core.app import operator
from akoo_core.kube.access import kubefiles
from akoo_core.outside.proxies import HttpProxy
from akoo_core.plugin_host import registry
from akoo_core.telemetry import sdk


def test_spans_get_the_proxy_and_the_cas(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "ca.crt"
    file.write_text(certificates.Authority("a").pem)
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.com:3128")
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(sdk, "start", lambda **options: asked.append(options))
    process = operator.Operator(
        settings.Settings(ca_bundle=str(file)),
        registry.PluginSet(()),
        kubefiles.KubeconfigChoice(None),
    )
    with contextlib.ExitStack() as stopping:
        process._trace(stopping)
    (options,) = asked
    proxy = options["through"].proxy_for("collector.example.com", 443)
    assert proxy == HttpProxy("proxy.example.com", 3128)
    assert options["cas"].pem() == file.read_bytes()
