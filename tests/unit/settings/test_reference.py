from __future__ import annotations

from typing import Any, Literal

import pytest

from akoo_core import structs
from akoo_core.settings import SecretRef, SettingEntry, load, reference
from akoo_core.settings.model import Settings


class Section(structs.StrictStruct, frozen=True, kw_only=True):
    """A plugin's."""

    retry_count: int = 3
    """Calls per hour."""
    must: str
    """Has no default."""
    password: SecretRef | None = None
    """Its place."""
    mode: Literal["a", "b"] = "a"
    """One of two."""
    zones: dict[str, tuple[int, ...]] = {}
    """By name."""
    undocumented: Any = None


def test_every_setting_says_what_it_means_and_in_which_unit() -> None:
    entries = reference()
    assert len(entries) > 20
    for entry in entries:
        assert entry.doc, entry.path
        assert not entry.path.endswith("Seconds") or "econds" in entry.doc, entry.path


def test_entries_are_read_from_the_model() -> None:
    port = next(entry for entry in reference() if entry.path == "health.port")
    assert port == SettingEntry(
        "health.port", "integer", 8081, "TCP port to listen on; 0 picks a free one."
    )
    assert port.variable == "AKOO_HEALTH__PORT"


def test_a_plugins_section_is_read_the_same_way() -> None:
    assert reference(Section, "plugins.acme-dns") == [
        SettingEntry("plugins.acme-dns.retryCount", "integer", 3, "Calls per hour."),
        SettingEntry("plugins.acme-dns.must", "text", None, "Has no default."),
        SettingEntry("plugins.acme-dns.password", "reference to a Secret", None, "Its place."),
        SettingEntry("plugins.acme-dns.mode", '"a" or "b"', "a", "One of two."),
        SettingEntry("plugins.acme-dns.zones", "map of list of integer", {}, "By name."),
        SettingEntry("plugins.acme-dns.undocumented", "anything", None, ""),
    ]
    assert reference(Section, "plugins.acme-dns")[0].variable == (
        "AKOO_PLUGINS__ACME_DNS__RETRY_COUNT"
    )


@pytest.mark.parametrize("entry", reference(), ids=lambda entry: str(entry.path))
def test_every_setting_can_be_set_by_its_variable_to_its_default(entry: SettingEntry) -> None:
    if entry.default is None:
        return
    default = entry.default
    text = ",".join(default) if isinstance(default, list | tuple) else str(default).lower()
    text = str(default) if isinstance(default, str) else text
    assert load(None, {entry.variable: text}).settings == Settings()
