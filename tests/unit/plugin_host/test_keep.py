"""The Secrets that a plugin keeps in the operator's namespace: one compare-and-set each."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from akoo_core import errors as core_errors
from akoo_core import external
from akoo_core.kube import errors as kube_errors
from akoo_core.kube import resource
from akoo_core.objects import names
from akoo_core.plugin import api
from akoo_core.plugin.errors import KeptConflictError, KeptForeignError
from akoo_core.plugin_host.kept import keep
from akoo_core.telemetry import redaction
from akoo_core.testing import builders, memory

PASSWORD = b"correct-horse-battery"


class Installation:
    """The operator's namespace, and processes that come and go."""

    def __init__(self) -> None:
        self.server = memory.MemoryServer()

    def process(
        self, plugin: str = "tenancy", guard: external.Guard | None = None
    ) -> keep.SecretKeep:
        client = self.server.client(external=external.External(guard=guard))
        return keep.SecretKeep(client, namespace="akoo-system", plugin=plugin)

    def secrets(self) -> list[dict[str, Any]]:
        return list(self.server.objects(resource.SECRETS, "akoo-system"))


async def test_it_is_a_secret_with_our_labels_that_every_process_reads() -> None:
    there = Installation()
    made = await there.process().create("shop", {"record": b"{}", "password": PASSWORD})
    assert isinstance(made, api.KeptSecret)
    assert made.data == {"record": b"{}", "password": PASSWORD}
    assert await there.process().get("shop") == made
    (secret,) = there.secrets()
    assert secret["metadata"]["name"] == "akoo-kept.tenancy.shop"
    assert secret["type"] == "akoo.io/kept"
    assert secret["metadata"]["labels"] == {
        names.MANAGED_BY_LABEL: "akoo-core",
        "akoo.io/kept-by": "tenancy",
    }
    assert base64.b64decode(secret["data"]["password"]) == PASSWORD


async def test_only_the_first_of_two_writes_counts() -> None:
    there = Installation()
    first, second = there.process(), there.process()
    made = await first.create("shop", {"n": b"0"})
    with pytest.raises(KeptConflictError, match="'shop' was written or deleted since"):
        await second.create("shop", {"n": b"9"})
    newer = await first.replace("shop", {"n": b"1", "more": b""}, version=made.version)
    assert newer.version != made.version
    with pytest.raises(KeptConflictError):
        await second.replace("shop", {"n": b"9"}, version=made.version)
    with pytest.raises(KeptConflictError):
        await second.delete("shop", version=made.version)
    assert await second.get("shop") == newer
    last = await second.replace("shop", {"n": b"2"}, version=newer.version)
    assert last.data == {"n": b"2"}  # Replaced as a whole.
    await first.delete("shop", version=last.version)
    assert await second.get("shop") is None
    await first.delete("shop", version=last.version)  # It is gone, as wanted.


async def test_a_secret_that_was_made_anew_is_another() -> None:
    there = Installation()
    kept = there.process()
    old = await kept.create("shop", {"n": b"0"})
    await kept.delete("shop", version=old.version)
    with pytest.raises(KeptConflictError):
        await kept.replace("shop", {"n": b"1"}, version=old.version)
    new = await kept.create("shop", {"n": b"0"})
    assert new.version != old.version
    for call in (
        kept.replace("shop", {"n": b"1"}, version=old.version),
        kept.delete("shop", version=old.version),
    ):
        with pytest.raises(KeptConflictError):
            await call
    assert await kept.get("shop") == new


async def test_each_plugin_has_names_of_its_own() -> None:
    there = Installation()
    dns, lab = there.process("dns"), there.process("dns-lab")
    await dns.create("lab.a", {"n": b"1"})
    await lab.create("a", {"n": b"2"})
    await dns.create("b", {"n": b"3"})
    assert await dns.names() == ("b", "lab.a")
    assert await dns.names("lab.") == ("lab.a",)
    assert await dns.names("c") == ()
    assert await lab.names() == ("a",)
    assert (await lab.get("a")) != (await dns.get("lab.a"))
    assert await lab.get("b") is None


@pytest.mark.parametrize(
    "change",
    [{"type": "Opaque"}, {"labels": {"akoo.io/kept-by": "dns"}}, {"labels": {}}, {"data": "*"}],
)
async def test_a_secret_of_somebody_else_is_blocked(change: dict[str, Any]) -> None:
    there = Installation()
    kept = there.process()
    labels = change.get("labels", {"akoo.io/kept-by": "tenancy"})
    secret = builders.secret("akoo-system", "akoo-kept.tenancy.shop", "n")
    secret["type"] = change.get("type", "akoo.io/kept")
    secret["metadata"]["labels"] = labels
    if "data" in change:
        secret["data"] = {"n": "not base64"}
    there.server.seed(secret)
    with pytest.raises(KeptForeignError, match=r"Secret akoo-system/akoo-kept\.tenancy\.shop"):
        await kept.get("shop")
    with pytest.raises(KeptConflictError):
        await kept.create("shop", {"n": b"1"})


@pytest.mark.parametrize("name", ["", "Shop", "a/b", "a..b", ".a", "a.", "-a", "a_b", "a" * 121])
async def test_a_name_that_could_reach_elsewhere_is_refused(name: str) -> None:
    there = Installation()
    kept = there.process()
    calls: list[Callable[[], Awaitable[object]]] = [
        lambda: kept.get(name),
        lambda: kept.create(name, {}),
        lambda: kept.replace(name, {}, version="u/1"),
        lambda: kept.delete(name, version="u/1"),
    ]
    for call in calls:
        with pytest.raises(ValueError, match="cannot be the name"):
            await call()
    assert there.server.faults.calls == []


async def test_bounds() -> None:
    there = Installation()
    kept = there.process()
    made = await kept.create("a" * 120, {"k": b"x" * (keep.LARGEST - 1)})
    assert made.data["k"][:1] == b"x"
    with pytest.raises(ValueError, match="would have 65537 bytes; at most 65536 are kept"):
        await kept.create("b", {"k": b"x" * keep.LARGEST})
    with pytest.raises(ValueError, match="'a/b' cannot be a key"):
        await kept.create("b", {"a/b": b""})
    for version in ("", "uid", "/7", "uid/"):
        with pytest.raises(ValueError, match="is no version"):
            await kept.replace("b", {}, version=version)
    assert await kept.names() == ("a" * 120,)


async def test_values_are_masked_and_not_shown() -> None:
    there = Installation()
    made = await there.process().create("shop", {"password": PASSWORD})
    assert PASSWORD.decode() not in repr(made)
    assert redaction.redact(f"refused {PASSWORD.decode()}") == "refused [redacted]"
    read = builders.secret("akoo-system", "akoo-kept.tenancy.c", v="read-by-another-process")
    read["type"], read["metadata"]["labels"] = "akoo.io/kept", {"akoo.io/kept-by": "tenancy"}
    there.server.seed(read)
    await there.process().get("c")
    assert redaction.redact("read-by-another-process") == "[redacted]"


async def test_a_command_reads_and_does_not_write() -> None:
    there = Installation()
    made = await there.process().create("shop", {"n": b"1"})
    reading = there.process(guard=external.ReadOnly())
    assert await reading.get("shop") == made
    assert await reading.names() == ("shop",)
    with pytest.raises(core_errors.ReadOnlyError):
        await reading.replace("shop", {"n": b"2"}, version=made.version)


async def test_other_errors_are_passed_on() -> None:
    there = Installation()
    kept = there.process()
    made = await kept.create("shop", {"n": b"1"})
    lost = kube_errors.UnreachableError("reset")
    there.server.faults.after("update secrets", lost)
    with pytest.raises(kube_errors.UnreachableError):
        await kept.replace("shop", {"n": b"2"}, version=made.version)
    seen = await kept.get("shop")
    assert seen is not None
    assert seen.data == {"n": b"2"}  # It had its effect: only reading it again shows that.


class Keeping(api.Plugin):
    name = "keeping"
    keeps = True


def test_only_a_plugin_that_declares_it_gets_them() -> None:
    client = memory.MemoryServer().client()
    assert keep.of_plugin(api.Plugin(), client, "akoo-system") is None
    assert keep.of_plugin(Keeping(), client, "akoo-system") is not None
