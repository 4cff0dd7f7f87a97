"""The management cluster's kubeconfig: good ones work, bad ones say what and where."""

from __future__ import annotations

import json
import logging
import pathlib
import re
import sys
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from akoo_core import errors, external
from akoo_core.kube import errors as kube_errors
from akoo_core.kube import transport
from akoo_core.kube.access import config
from akoo_core.kube.resource import NAMESPACES


@pytest.fixture
def write(tmp_path: pathlib.Path) -> Callable[[str], str]:
    def written(text: str) -> str:
        file = tmp_path / "kubeconfig"
        file.write_text(text)
        return str(file)

    return written


Change = Callable[[dict[str, Any], dict[str, Any], dict[str, Any]], object]


@pytest.fixture
def changed(real_server: Any, write: Callable[[str], str]) -> Callable[[Change], str]:
    def written(change: Change) -> str:
        value = yaml.safe_load(real_server.running.kubeconfig)
        change(value["clusters"][0]["cluster"], value["users"][0]["user"], value)
        return write(yaml.safe_dump(value))

    return written


async def connect(kubeconfig: str) -> transport.HttpClient:
    return transport.HttpClient(await config.endpoint_of(kubeconfig), external=external.External())


async def test_client_certificate_from_data_and_from_files(
    changed: Callable[[Change], str], tmp_path: pathlib.Path
) -> None:
    def into_files(cluster: dict[str, Any], user: dict[str, Any], _: Any) -> None:
        import base64

        for fields, name in (
            (cluster, "certificate-authority"),
            (user, "client-certificate"),
            (user, "client-key"),
        ):
            (tmp_path / name).write_bytes(base64.b64decode(fields.pop(f"{name}-data")))
            fields[name] = name  # relative to the kubeconfig

    for change in (lambda c, u, k: None, into_files):
        kube = await connect(changed(change))
        assert (await kube.get(NAMESPACES, "kube-system"))["kind"] == "Namespace"
        await kube.close()


async def test_no_key_material_is_left_in_temporary_files(
    changed: Callable[[Change], str], tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    await config.endpoint_of(changed(lambda c, u, k: None))
    assert list(folder.iterdir()) == []


async def test_a_token_that_is_not_accepted(changed: Callable[[Change], str]) -> None:
    def change(_: Any, user: dict[str, Any], __: Any) -> None:
        user.clear()
        user["token"] = "no-such-token"

    kube = await connect(changed(change))
    with pytest.raises(kube_errors.UnauthorizedError):
        await kube.get(NAMESPACES, "kube-system")
    await kube.close()


def plugin(tmp_path: pathlib.Path, body: str) -> dict[str, Any]:
    script = tmp_path / "plugin.py"
    script.write_text(body)
    return {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": sys.executable,
        "args": [str(script)],
        "interactiveMode": "Never",
    }


async def test_a_credential_plugin_is_run_and_run_again_after_a_401(
    changed: Callable[[Change], str], tmp_path: pathlib.Path
) -> None:
    counter = tmp_path / "count"
    credential = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": "from-plugin-"},
    }
    body = (
        "import json, pathlib\n"
        f"file = pathlib.Path({str(counter)!r})\n"
        "n = int(file.read_text()) + 1 if file.exists() else 1\n"
        "file.write_text(str(n))\n"
        f"value = json.loads({json.dumps(json.dumps(credential))})\n"
        "value['status']['token'] += str(n)\n"
        "print(json.dumps(value))\n"
    )

    def change(_: Any, user: dict[str, Any], __: Any) -> None:
        user.clear()
        user["exec"] = plugin(tmp_path, body)

    endpoint = await config.endpoint_of(changed(change))
    assert await endpoint.authorization.header() == "Bearer from-plugin-1"
    assert await endpoint.authorization.header() == "Bearer from-plugin-1", "not run every time"
    assert await endpoint.authorization.renew()
    assert await endpoint.authorization.header() == "Bearer from-plugin-2"


async def test_a_credential_plugin_that_fails_later_is_a_refusal(
    changed: Callable[[Change], str], tmp_path: pathlib.Path
) -> None:
    body = 'print(\'{"apiVersion": "client.authentication.k8s.io/v1", "kind": "x", '
    body += '"status": {"token": "first-token"}}\')'

    def change(_: Any, user: dict[str, Any], __: Any) -> None:
        user.clear()
        user["exec"] = plugin(tmp_path, body)

    endpoint = await config.endpoint_of(changed(change))
    (tmp_path / "plugin.py").write_text("import sys; sys.exit('hunter2')")
    with pytest.raises(kube_errors.UnauthorizedError, match="loaded again") as caught:
        await endpoint.authorization.renew()
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


async def test_nobody_in_particular(changed: Callable[[Change], str]) -> None:
    kube = await connect(changed(lambda c, u, k: k["contexts"][0]["context"].pop("user")))
    with pytest.raises(kube_errors.KubeError) as caught:
        await kube.get(NAMESPACES, "kube-system")
    assert caught.value.status in (401, 403)
    await kube.close()


async def test_a_credential_plugin_that_fails(
    changed: Callable[[Change], str], tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    body = "import sys; print('hunter2', file=sys.stderr); sys.exit(3)"

    def change(_: Any, user: dict[str, Any], __: Any) -> None:
        user.clear()
        user["exec"] = plugin(tmp_path, body)

    with pytest.raises(errors.InputError, match="returned 3") as caught:
        await config.endpoint_of(changed(change))
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in caplog.text


BROKEN: dict[str, tuple[str, str]] = {
    "empty": ("", "empty or not a mapping"),
    "no YAML": ("a: b: c", "not YAML at line 1, column 5"),
    "no context": ("apiVersion: v1", "current-context is empty"),
    "unknown context": ("current-context: a\ncontexts: []", "contexts has no entry named 'a'"),
}


@pytest.mark.parametrize("case", BROKEN)
async def test_one_line_that_says_what_and_where(case: str, write: Callable[[str], str]) -> None:
    text, expected = BROKEN[case]
    file = write(text)
    with pytest.raises(errors.InputError) as caught:
        await config.endpoint_of(file)
    assert str(caught.value).startswith(f"kubeconfig {file}: ")
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_wrong_fields_in_a_good_kubeconfig(
    changed: Callable[[Change], str], tmp_path: pathlib.Path
) -> None:
    cases: dict[str, Change] = {
        "no server": lambda c, u, k: c.pop("server"),
        "client-key-data is not base64": lambda c, u, k: u.update({"client-key-data": "!"}),
        "certificates cannot be used": lambda c, u, k: u.update({"client-key-data": "aGk="}),
        f"client-key {tmp_path / 'nowhere'}: No such file": lambda c, u, k: (
            u.pop("client-key-data"),
            u.update({"client-key": "nowhere"}),
        ),
        "users has no entry named": lambda c, u, k: k.update({"users": []}),
    }
    for expected, change in cases.items():
        with pytest.raises(errors.InputError, match=re.escape(expected)):
            await config.endpoint_of(changed(change))


async def test_an_absent_file(tmp_path: pathlib.Path) -> None:
    with pytest.raises(errors.InputError, match="No such file"):
        await config.endpoint_of(str(tmp_path / "nowhere"))
    with pytest.raises(errors.InputError, match="Is a directory"):
        await config.endpoint_of(str(tmp_path))


async def test_not_in_a_pod(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(errors.InputError, match="give --kubeconfig FILE"):
        await config.endpoint_of(None)


async def test_in_a_pod(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path, other_authority: str
) -> None:
    import base64

    from kubernetes_asyncio.config import incluster_config

    token, ca = tmp_path / "token", tmp_path / "ca.crt"
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(token))
    monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(ca))
    with pytest.raises(errors.InputError, match="service account cannot be used"):
        await config.endpoint_of(None)
    token.write_text("pod-token")
    ca.write_bytes(base64.b64decode(other_authority))
    endpoint = await config.endpoint_of(None)
    assert endpoint.server == "https://10.0.0.1:443"
    assert await endpoint.authorization.header() == "Bearer pod-token"


async def test_bodies_stay_out_of_the_library_s_log(changed: Callable[[Change], str]) -> None:
    logging.getLogger("kubernetes_asyncio.client.rest").setLevel(logging.NOTSET)
    await config.endpoint_of(changed(lambda c, u, k: None))
    assert logging.getLogger("kubernetes_asyncio.client.rest").level == logging.INFO
