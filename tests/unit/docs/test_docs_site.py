"""The site of `make docs`: its sources are files of the checkout, and its pages are checked."""

from __future__ import annotations

import pathlib

import pytest
from akoo_testbed.building import recipes

from hack import compatibility, docs_site

ROOT = pathlib.Path(__file__).parents[3]


def test_the_sources_are_the_pages_and_the_files_that_they_link(tmp_path: pathlib.Path) -> None:
    target = tmp_path / "pages"
    (target / "left").mkdir(parents=True)
    (target / "left" / "gone.md").write_text("# A page of an earlier build")
    docs_site.gather(target)
    copied = {str(file.relative_to(target)) for file in target.rglob("*") if file.is_file()}
    assert copied == set(docs_site.sources())
    assert copied >= {"README.md", "plugins/ako/README.md", "deploy/README.md"}
    assert copied >= {"docs/images/life.svg", "akoo_core/plugin/api.py"}
    assert {
        path for path in copied if (target / path).read_bytes() != (ROOT / path).read_bytes()
    } == set()


def test_the_build_is_ignored_by_git() -> None:
    config = docs_site.config()
    assert {config["docs_dir"].split("/")[0], config["site_dir"].split("/")[0]} == {"build"}
    assert "build/" in (ROOT / ".gitignore").read_text().splitlines()


def test_a_page_that_keeps_to_itself() -> None:
    page = docs_site.Page(
        '<script src="a.js"></script><link rel="stylesheet" href="a.css"><h1 id="top">'
        '<a href="#top"><a href="https://example.com/x#y"><a href="b/index.html#low">'
        '<link rel="canonical" href="https://example.com/">'
    )
    other = docs_site.Page('<h2 id="low"><a href="../index.html#top"><a href="../missing.py#x">')
    assert list(docs_site.problems({"index.html": page, "b/index.html": other})) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('<script src="https://unpkg.com/shim"></script>', "loads https://unpkg.com/shim"),
        ('<link rel="preconnect" href="//fonts.example.com">', "loads //fonts.example.com"),
        ('<img src="http://example.com/a.png">', "loads http://example.com/a.png"),
        ("<style>@import '//example.com/a.css';</style>", "loads //example.com/a.css"),
        ("<i style='background: url(https://example.com/a)'>", "loads https://example.com/a"),
        ('<h1 id="a"><a href="#b">', "links #b: there is no such anchor"),
        ('<a href="../p/index.html#b">', "links ../p/index.html#b: there is no such anchor"),
    ],
)
def test_a_page_that_does_not(text: str, problem: str) -> None:
    pages = {"p/index.html": docs_site.Page(text)}
    assert list(docs_site.problems(pages)) == [f"p/index.html {problem}"]


def test_pythons_that_count_as_tested_are_in_the_table() -> None:
    rows = compatibility.page().splitlines()
    for version, tests in compatibility.PYTHONS.items():
        assert f"| {version} | {tests} |" in rows
    usual = recipes.KUBERNETES_VERSION.removeprefix("v")
    assert any(f" | {usual} | all tests" in row for row in rows)


def test_a_module_that_no_recipe_pins_is_an_error() -> None:
    assert compatibility.module("etcd", "go.etcd.io/etcd/server/v3")[0].isdigit()
    with pytest.raises(ValueError, match=r"etcd/go.mod does not require example.com/none"):
        compatibility.module("etcd", "example.com/none")


def test_lint_builds_the_site() -> None:
    _, _, recipe = (ROOT / "Makefile").read_text().partition("\nlint: setup")
    assert "\n\t@sh hack/site.sh\n" in recipe.partition("\n\n")[0] + "\n"
