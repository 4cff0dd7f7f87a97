"""Loads real distributions from a folder on sys.path, as an installer would have left them."""

from __future__ import annotations

import pathlib
import sys
from collections.abc import Callable, Iterable, Iterator
from importlib import metadata
from typing import Any

import pytest

from akoo_core import errors, settings
from akoo_core.plugin_host import loader

HEAD = """
from typing import ClassVar
from akoo_core import structs
from akoo_core.plugin import api
from akoo_core.plugin.api import hookimpl
"""
PLAIN = f"""{HEAD}
class Section(structs.StrictStruct, frozen=True, kw_only=True):
    retries: int = 3

class P(api.Plugin):
    settings_type = Section
"""

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """install(dist, {entry point name: "module:object"}, {module: source}); only these exist."""
    monkeypatch.setattr(sys, "path", [str(tmp_path), *(p for p in sys.path if "akoo-" not in p)])
    before = set(sys.modules)
    real: Callable[..., Iterable[metadata.EntryPoint]] = metadata.entry_points

    def only_ours(**query: Any) -> Any:
        points = real(**query)
        kept = [
            point
            for point in points
            if point.dist and str(point.dist.locate_file("")) == str(tmp_path)
        ]
        return metadata.EntryPoints(kept)

    monkeypatch.setattr(metadata, "entry_points", only_ours)

    def install(
        dist: str,
        names: dict[str, str],
        modules: dict[str, str] | None = None,
        commands: dict[str, str] | None = None,
    ) -> None:
        info = tmp_path / f"{dist.replace('-', '_')}-0.1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {dist}\nVersion: 0.1.0\n")
        lines = "\n".join(f"{name} = {value}" for name, value in names.items())
        more = "\n".join(f"{name} = {value}" for name, value in (commands or {}).items())
        text = f"[akoo_core.plugins]\n{lines}\n[akoo_core.commands]\n{more}\n"
        (info / "entry_points.txt").write_text(text)
        for name, source in (modules or {}).items():
            (tmp_path / f"{name}.py").write_text(source)

    yield install
    for name in set(sys.modules) - before:
        if name.startswith("loaded_"):
            del sys.modules[name]


def _load(*names: str, **overrides: Any) -> Any:
    settings_by_path = {key.replace("__", "."): value for key, value in overrides.items()}
    return loader.load(settings.load(None, {}, {"enabledPlugins": list(names), **settings_by_path}))


def _refused(*names: str, **overrides: Any) -> str:
    with pytest.raises(errors.InputError) as caught:
        _load(*names, **overrides)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_what_is_installed_is_listed_without_being_imported(install: Install) -> None:
    install("akoo-ako", {"ako": "loaded_bomb:P"}, {"loaded_bomb": "raise SystemExit(3)"})
    install("akoo-avi", {"avi": "loaded_bomb:P"})
    assert loader.installed() == (
        loader.Installed("ako", "akoo-ako", "0.1.0"),
        loader.Installed("avi", "akoo-avi", "0.1.0"),
    )
    assert "loaded_bomb" not in sys.modules


def test_only_what_is_chosen_is_imported(install: Install) -> None:
    install("akoo-ako", {"ako": "loaded_ako:P"}, {"loaded_ako": PLAIN})
    install("akoo-bad", {"bad": "loaded_bomb:P"}, {"loaded_bomb": "raise SystemExit(3)"})
    plugins = _load("ako", plugins__ako__retries=5, plugins__bad__x=1)
    assert plugins.names == ("ako",)
    assert plugins.get("ako").settings.retries == 5
    assert "loaded_bomb" not in sys.modules


def test_the_order_given_is_kept_and_all_means_by_name(install: Install) -> None:
    for name in ("c", "a", "b"):
        install(f"akoo-{name}", {name: f"loaded_{name}:P"}, {f"loaded_{name}": PLAIN})
    assert _load("b", "a").names == ("b", "a")
    assert _load("all").names == ("a", "b", "c")
    assert _load("none").names == ()


UNDECIDED = f"""{HEAD}
from akoo_core.plugin import errors

class P(api.Plugin):
    def __init__(self, settings=None):
        raise errors.UnchosenError("plugins.b.store is missing. Choose A or B.")
"""


def test_a_plugin_without_a_necessary_choice_is_refused_or_left_out(install: Install) -> None:
    install("akoo-a", {"a": "loaded_a:P"}, {"loaded_a": PLAIN})
    install("akoo-b", {"b": "loaded_b:P"}, {"loaded_b": UNDECIDED})
    assert _refused("all") == "plugins.b.store is missing. Choose A or B."
    notes: list[str] = []
    read = settings.load(None, {}, {"enabledPlugins": ["all"]})
    assert loader.load(read, left_out=notes.append).names == ("a",)
    assert notes == ["plugin b is left out: plugins.b.store is missing. Choose A or B."]


AFTER_A = f"""{HEAD}
class P(api.Plugin):
    after = ("a",)
"""


def test_classes_are_in_order_and_none_is_made(install: Install) -> None:
    install("akoo-a", {"a": "loaded_a:P"}, {"loaded_a": UNDECIDED})
    install("akoo-b", {"b": "loaded_b:P"}, {"loaded_b": AFTER_A})
    kinds = loader.classes(["b", "a"])
    assert list(kinds) == ["a", "b"]
    assert kinds["b"].after == ("a",)
    with pytest.raises(errors.InputError, match='no plugin "c"'):
        loader.classes(["a", "c"])


def test_a_wrong_name_lists_what_is_installed(install: Install) -> None:
    install("akoo-ako", {"ako": "loaded_ako:P"})
    install("akoo-avi", {"avi": "loaded_avi:P"})
    assert _refused("aviator") == (
        'no plugin "aviator". Installed: ako (akoo-ako 0.1.0), avi (akoo-avi 0.1.0). '
        'Did you mean "avi"?'
    )
    assert _refused("zzz") == (
        'no plugin "zzz". Installed: ako (akoo-ako 0.1.0), avi (akoo-avi 0.1.0).'
    )
    assert _refused("none", plugins__avii__x=1) == (
        'plugins.avii: no plugin "avii". Installed: ako (akoo-ako 0.1.0), avi (akoo-avi 0.1.0). '
        'Did you mean "avi"?'
    )


def test_a_choice_must_be_made_and_be_clear(install: Install) -> None:
    assert _refused() == (
        "no plugins are chosen. Installed: none. "
        "Name them (--plugins ako,avi), or say --plugins all or --plugins none"
    )
    install("akoo-ako", {"ako": "loaded_ako:P"})
    assert _refused("all", "ako") == "--plugins all,ako: all and none stand alone"
    assert _refused("ako", "ako") == '--plugins ako,ako: "ako" is named twice'


def test_two_distributions_with_one_name_are_refused_when_it_is_chosen(install: Install) -> None:
    install("akoo-ako", {"ako": "loaded_ako:P"}, {"loaded_ako": PLAIN})
    install("evil-ako", {"ako": "loaded_bomb:P"}, {"loaded_bomb": "raise SystemExit(3)"})
    install("akoo-avi", {"avi": "loaded_ako:P"})
    assert _load("avi").names == ("avi",)
    assert _refused("ako") == (
        'two distributions offer a plugin "ako": akoo-ako 0.1.0, evil-ako 0.1.0. '
        "Uninstall one of them"
    )
    assert _refused("all") == _refused("ako")


CANNOT = "cannot be imported from loaded_p:P:"
NO_PLUGIN = ": loaded_p:P must be a class derived from akoo_core.plugin.api.Plugin, but is"


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        (
            "\nraise ValueError('first\\nlast token=c4nary')",
            f" {CANNOT} ValueError: last token=*** (DIR/loaded_p.py:2)",
        ),
        ("import sys; sys.exit(3)", f" {CANNOT} SystemExit: 3 (DIR/loaded_p.py:1)"),
        (
            "import not_there",
            f" {CANNOT} ModuleNotFoundError: No module named 'not_there' (DIR/loaded_p.py:1)",
        ),
        ("P = 3", f"{NO_PLUGIN} of type int (no source)"),
        ("class P: pass", f"{NO_PLUGIN} the class P (DIR/loaded_p.py:1)"),
        (
            f"{HEAD}class P(api.Plugin):\n  @hookimpl\n  def drain(self): ...\n",
            ': DIR/loaded_p.py:7: drain must be "async def"',
        ),
        (
            f"{HEAD}class P(api.Plugin):\n  def __init__(self, settings): raise OSError('no')\n",
            " cannot be made: OSError: no (DIR/loaded_p.py:7)",
        ),
    ],
)
def test_a_broken_plugin_is_named_with_distribution_and_place(
    install: Install, tmp_path: pathlib.Path, source: str, problem: str
) -> None:
    install("akoo-p", {"p": "loaded_p:P"}, {"loaded_p": source})
    assert _refused("p") == 'plugin "p" (akoo-p 0.1.0)' + problem.replace("DIR", str(tmp_path))


def test_an_attribute_that_is_not_there(install: Install) -> None:
    install("akoo-p", {"p": "loaded_p:Absent"}, {"loaded_p": PLAIN})
    assert "AttributeError: module 'loaded_p' has no attribute 'Absent'" in _refused("p")


def test_settings_are_checked_by_the_plugins_type(install: Install) -> None:
    install("akoo-p", {"p": "loaded_p:P"}, {"loaded_p": PLAIN})
    assert _refused("p", plugins__p__retrys=1) == (
        'command line: plugins.p.retrys: no such key; did you mean "retries"?'
    )


def test_what_a_plugin_says_of_its_settings_is_shown_as_it_is(install: Install) -> None:
    source = f"""{PLAIN}
    def __init__(self, given):
        from akoo_core import errors
        raise errors.InputError(f"plugins.p.retries: {{given.retries}} is too many")
"""
    install("akoo-p", {"p": "loaded_p:P"}, {"loaded_p": source})
    assert _refused("p") == "plugins.p.retries: 3 is too many"


def test_a_fact_that_nobody_provides_is_found_at_load(install: Install) -> None:
    source = f"""{HEAD}
class Color(api.Fact, frozen=True, kw_only=True):
    fact_name = "Color"

class P(api.Plugin):
    requires = (Color,)
"""
    install("akoo-p", {"p": "loaded_p:P"}, {"loaded_p": source})
    message = _refused("p")
    assert "plugin p requires the fact Color, which no selected plugin provides" in message
    line = source.splitlines().index("class P(api.Plugin):") + 1
    assert message.endswith(f"/loaded_p.py:{line})")


COMMANDS = """
from akoo_core.plugin import api

KNOWN = api.PluginAnnotation(name="rotate", help="x", effects=("y",))
OTHER = api.PluginAnnotation(name="renew", help="x", effects=("y",))


class P(api.Plugin):
    annotations = (KNOWN,)
"""


def test_a_command_writes_what_the_plugin_declares(install: Install) -> None:
    modules = {"loaded_commands": COMMANDS}
    known = {"commands.rotate": "loaded_commands:KNOWN", "elsewhere.x": "loaded_commands:OTHER"}
    install("akoo-commands", {"commands": "loaded_commands:P"}, modules, known)
    (plugin,) = _load("commands").ordered
    assert [annotation.name for annotation in plugin.annotations] == ["rotate"]


def test_a_command_that_writes_something_else_is_refused(install: Install) -> None:
    modules = {"loaded_commands": COMMANDS}
    unknown = {"commands.renew": "loaded_commands:OTHER"}
    install("akoo-commands", {"commands": "loaded_commands:P"}, modules, unknown)
    assert 'its command "renew" writes an annotation that the plugin does not declare' in _refused(
        "commands"
    )


def test_a_command_that_cannot_be_imported_is_refused(install: Install) -> None:
    modules = {"loaded_commands": COMMANDS}
    broken = {"commands.renew": "loaded_commands:MISSING"}
    install("akoo-commands", {"commands": "loaded_commands:P"}, modules, broken)
    assert 'command "renew" of plugin commands (akoo-commands 0.1.0) cannot be imp' in _refused(
        "commands"
    )
