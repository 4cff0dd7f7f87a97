"""A plugin in a single file, chosen by ``./shelf.py:ShelfPlugin``."""

from __future__ import annotations

import pathlib
import sys
from collections.abc import Iterator

import pytest

from akoo_core import __main__ as command
from akoo_core import errors, settings
from akoo_core.plugin_host import files, loader

SHELF = '''
"""A shelf."""

from akoo_core import structs
from akoo_core.plugin import api


class Section(structs.StrictStruct, frozen=True, kw_only=True):
    boards: int = 3


class ShelfPlugin(api.Plugin):
    settings_type = Section

    @api.hookimpl
    async def prepare(self, ctx: api.VerbContext) -> api.Result:
        return api.Done(message=f"{self.settings.boards} boards")
'''


@pytest.fixture
def shelf(tmp_path: pathlib.Path) -> Iterator[pathlib.Path]:
    before = set(sys.modules)
    file = tmp_path / "book_shelf.py"
    file.write_text(SHELF)
    yield file
    for name in set(sys.modules) - before:
        del sys.modules[name]


def loaded(*choices: str, **overrides: object) -> settings.LoadedSettings:
    return settings.load(overrides={"enabledPlugins": ",".join(choices), **overrides})


def test_its_name_is_that_of_the_file(shelf: pathlib.Path) -> None:
    (plugin,) = loader.load(loaded(f"{shelf}:ShelfPlugin")).ordered
    assert (plugin.name, plugin.settings.boards) == ("book-shelf", 3)


def test_it_runs_beside_installed_plugins_with_settings_of_its_own(shelf: pathlib.Path) -> None:
    file = shelf.with_name("settings.yaml")
    file.write_text(
        f"enabledPlugins: [ako, '{shelf}:ShelfPlugin']\nplugins: {{book-shelf: {{boards: 5}}}}\n"
    )
    chosen = loader.load(settings.load(file))
    assert set(chosen.names) == {"ako", "book-shelf"}
    shelf_plugin = chosen.get("book-shelf")
    assert shelf_plugin is not None
    assert shelf_plugin.settings.boards == 5


def test_two_loads_are_one_class(shelf: pathlib.Path) -> None:
    choice = f"{shelf}:ShelfPlugin"
    assert loader.import_class(choice) is loader.import_class(choice)


@pytest.mark.parametrize(
    ("ending", "problem"),
    [
        ("", "name the class, too"),
        (":", "name the class, too"),
        (":Nothing", "has no attribute 'Nothing'"),
        (":Section", "must be a class derived from"),
        (":api", "must be a class derived from"),
    ],
)
def test_a_wrong_class_is_named(ending: str, problem: str, shelf: pathlib.Path) -> None:
    with pytest.raises(errors.InputError, match=problem):
        loader.load(loaded(f"{shelf}{ending}"))


def test_a_missing_file_is_named(tmp_path: pathlib.Path) -> None:
    with pytest.raises(errors.InputError, match=r"there is no file .*nowhere\.py"):
        loader.load(loaded(f"{tmp_path}/nowhere.py:P"))


def test_a_file_that_fails_says_where(shelf: pathlib.Path) -> None:
    shelf.write_text("1 / 0\n")
    with pytest.raises(errors.InputError, match=r"ZeroDivisionError.*book_shelf\.py:1"):
        loader.load(loaded(f"{shelf}:ShelfPlugin"))
    shelf.write_text(SHELF)
    assert loader.load(loaded(f"{shelf}:ShelfPlugin")).names == ("book-shelf",)


def test_a_file_takes_no_module_of_others(tmp_path: pathlib.Path) -> None:
    (tmp_path / "json.py").write_text(SHELF)
    with pytest.raises(errors.InputError, match="Rename the file"):
        loader.load(loaded(f"{tmp_path}/json.py:ShelfPlugin"))


def test_names_of_installed_plugins_are_no_files() -> None:
    assert [files.parse(name) for name in ("ako", "all", "a-b", "py")] == [None] * 4


def test_it_is_checked_and_shown_like_others(
    shelf: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    choice = f"{shelf}:ShelfPlugin"
    assert command.run(["plugins", "show", choice]) == 0
    shown = capsys.readouterr().out
    assert "prepare" in shown
    assert f"book-shelf ({shelf} file)" in shown
    assert command.run(["plugins", "check", choice]) == 0, capsys.readouterr().out
