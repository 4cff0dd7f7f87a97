from __future__ import annotations

import logging
from typing import Any, ClassVar

import pytest

from akoo_core import structs
from akoo_core.plugin import api
from akoo_core.plugin_host import context


class Config(structs.StrictStruct, frozen=True, kw_only=True):
    version: str = "2.1.1"
    replicas: int = 1


class Demo(api.Plugin):
    name = "demo"
    config_type: ClassVar[type[structs.StrictStruct] | None] = Config


class Plain(api.Plugin):
    name = "plain"


def _config(**plugins: Any) -> structs.JSON:
    return {"metadata": {"name": "default"}, "spec": {"plugins": plugins}}


@pytest.mark.parametrize(
    ("config", "wanted"),
    [
        ({}, None),
        ({"spec": {}}, Config()),
        ({"spec": {"plugins": None}}, Config()),
        (_config(demo=None), Config()),
        (_config(demo={"version": "1.13.4"}, other={"x": 1}), Config(version="1.13.4")),
    ],
)
def test_a_plugin_sees_its_own_slice(config: structs.JSON, wanted: Config | None) -> None:
    assert context.decode_config(Demo(), config) == wanted


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"vresion": "1"}, 'spec.plugins.demo.vresion: no such key; did you mean "version"?'),
        ({"replicas": "1"}, "spec.plugins.demo.replicas: must be a whole number, not text"),
        ([], None),
        ("x", "spec.plugins.demo: must be a mapping (key: value), not text"),
    ],
)
def test_what_is_wrong_there_is_said_with_its_path(section: Any, message: str | None) -> None:
    if message is None:
        assert context.decode_config(Demo(), _config(demo=section)) == Config()
        return
    with pytest.raises(structs.DecodeError) as caught:
        context.decode_config(Demo(), _config(demo=section))
    assert str(caught.value) == message


def test_a_plugin_without_configuration_takes_none() -> None:
    assert context.decode_config(Plain(), _config(demo={"x": 1})) is None
    with pytest.raises(structs.DecodeError, match=r"^spec\.plugins\.plain: plugin plain has no"):
        context.decode_config(Plain(), _config(plain={"x": 1}))


def test_a_view_and_a_context_are_what_they_were_made_of(
    view: api.View, ctx: api.VerbContext, caplog: pytest.LogCaptureFixture
) -> None:
    made = context.build_view(
        record_name=view.record_name,
        spec=view.spec,
        cluster=None,
        config=_config(demo={"replicas": 2}),
        plugin=Demo(),
    )
    assert made.plugin_config == Config(replicas=2)
    built = context.build_context(
        view=made,
        plugin=Demo(),
        clock=ctx.clock,
        external=ctx.external,
        workload=None,
        workload_silent_seconds=3.0,
        secrets=ctx.secrets,
        threads=ctx.threads,
    )
    assert (built.view, built.plugin, built.workload_silent_seconds) == (made, "demo", 3.0)
    with caplog.at_level(logging.INFO):
        built.log.info("drained", extra={"left": 3})
    (line,) = caplog.records
    assert line.name == "akoo_core.plugin.demo"
    fields = {key: vars(line)[key] for key in ("plugin", "record", "cluster")}
    assert fields == {"plugin": "demo", "record": "akoo-000000000001", "cluster": "demo/shop"}
    assert vars(line)["left"] == 3, "the fields of the call itself"
