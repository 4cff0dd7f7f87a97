"""Errors of settings in words that list what is allowed."""

from __future__ import annotations

from typing import Any

import pytest

from akoo_core import errors, settings
from akoo_core.settings import wording


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        (
            {"AKOO_LOG__LEVEL": "INFO"},
            "log.level: must be one of debug, info, warning, error, not 'INFO'. Did you mean",
        ),
        ({"AKOO_LOG__FORMAT": "7"}, "log.format: must be one of auto, json, text, not '7'."),
        ({"AKOO_WORKERS": "[1]"}, "workers: must be a whole number, not a list"),
        ({"AKOO_WORKERS": "1.5"}, "workers: must be a whole number, not a number"),
        ({"AKOO_WORKERS": "0"}, "workers: must be at least 1"),
        ({"AKOO_HEALTH__PORT": "65536"}, "health.port: must be at most 65535"),
        ({"AKOO_LEADER_ELECTION__ENABLED": "ja"}, "must be true or false, not text"),
        ({"AKOO_RESYNC_SECONDS": "soon"}, "resyncSeconds: must be a number, not text"),
        ({"AKOO_DEADLINES__EXTERNAL_SECONDS": "31"}, "must be at most 30"),
        ({"AKOO_DEADLINES__EXTERNAL_SECONDS": "0"}, "must be more than 0"),
        ({"AKOO_OPERATOR_NAMESPACE": "Lb"}, "operatorNamespace: must match '^[a-z0-9]("),
        ({"AKOO_OPERATOR_NAMESPACE": ""}, "operatorNamespace: must match '^[a-z0-9]("),
        ({"AKOO_WATCH_NAMESPACE": "a b"}, "watchNamespace: must match '^([a-z0-9]("),
    ],
)
def test_a_wrong_setting(variables: dict[str, str], message: str) -> None:
    with pytest.raises(errors.InputError) as caught:
        settings.load(None, variables)
    assert message in str(caught.value)
    assert "`" not in str(caught.value)


def test_a_list_that_is_text(tmp_path: Any) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("enabledPlugins: ako")
    with pytest.raises(errors.InputError, match=r"must be a list, such as \[a, b\]"):
        settings.load(file, {})


def test_what_is_not_known_stays() -> None:
    assert wording.translate("Something else", int) == "Something else"
    assert wording.translate("Object missing required field `a`", int) == "a is missing"
