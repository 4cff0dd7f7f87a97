"""The key of a build changes with everything that decides its result, and with nothing else."""

import dataclasses
import pathlib

import pytest
from akoo_testbed.building import recipes


@pytest.fixture
def recipe(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> recipes.Recipe:
    monkeypatch.setattr(recipes, "MODULES_FOLDER", tmp_path)
    folder = tmp_path / "thing"
    folder.mkdir()
    for name in ("go.mod", "go.sum", "main.go"):
        (folder / name).write_text(f"content of {name}")
    return recipes.Recipe(name="thing", packages=(("thing", "example.com/thing"),))


def test_same_content_same_key(recipe: recipes.Recipe) -> None:
    assert recipes.key(recipe) == recipes.key(dataclasses.replace(recipe))
    (recipe.folder / "README.md").write_text("not part of the build")
    assert recipes.key(recipe) == recipes.key(dataclasses.replace(recipe))


@pytest.mark.parametrize("name", ["go.mod", "go.sum", "main.go", "new.go", "below/go.mod"])
def test_a_changed_module_file_changes_the_key(recipe: recipes.Recipe, name: str) -> None:
    before = recipes.key(recipe)
    (recipe.folder / name).parent.mkdir(exist_ok=True)
    (recipe.folder / name).write_text("something else")
    assert recipes.key(recipe) != before


@pytest.mark.parametrize(
    "change",
    [
        {"ldflags": "-s"},
        {"packages": (("thing", "example.com/other"),)},
        {"packages": (("other", "example.com/thing"),)},
        {"data_module": "example.com/data"},
        {"data": ("config",)},
        {"data_folder": "core"},
    ],
    ids=str,
)
def test_a_changed_recipe_changes_the_key(
    recipe: recipes.Recipe, change: dict[str, object]
) -> None:
    assert recipes.key(dataclasses.replace(recipe, **change)) != recipes.key(recipe)  # type: ignore[arg-type]


def test_another_platform_changes_the_key(recipe: recipes.Recipe) -> None:
    assert recipes.key(recipe, target="Linux/arm64") != recipes.key(recipe, target="Linux/amd64")


def test_every_recipe_has_its_module_and_every_module_a_recipe() -> None:
    folders = {path.name for path in recipes.MODULES_FOLDER.iterdir() if path.is_dir()}
    assert folders == set(recipes.RECIPES)
    for recipe in recipes.RECIPES.values():
        assert {"go.mod", "go.sum"} <= {path.name for path in recipe.sources}


@pytest.mark.parametrize(
    ("name", "module"),
    [
        (name, module)
        for part, module in (
            ("kubernetes", "k8s.io/kubernetes"),
            ("clusterapi", "sigs.k8s.io/cluster-api"),
        )
        for name in recipes.RECIPES
        if name.partition("-")[0] == part
    ],
)
def test_versions_told_to_the_linker_are_those_of_the_modules(name: str, module: str) -> None:
    recipe = recipes.RECIPES[name]
    assert f"\t{module} {recipe.version} " in (recipe.folder / "go.mod").read_text()
    assert f"gitVersion={recipe.version}" in recipe.ldflags
    if recipe.on_demand:
        assert recipe.version.startswith(f"v{name.partition('-')[2]}.")
