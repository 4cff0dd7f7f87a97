"""hack/release.py: the files of a release are equal in two runs, and a real release is refused."""

from __future__ import annotations

import hashlib
import io
import os
import pathlib
import re
import subprocess
import tarfile
import tomllib

import msgspec
import pytest

from akoo_core import __main__ as command
from hack import release

ROOT = pathlib.Path(__file__).parents[3]
VERSION = release.VERSION
EPOCH = 1_700_000_000
CHART = ROOT / "deploy/chart/akoo-core"
NO_NAMES = release.Names("", "", "")
NAMES = release.Names("acme/akoo-core", "registry.example.com/akoo-core", "charts.example.com/akoo")
COMMIT = "7" * 40
CLEAN = release.Tree(COMMIT, EPOCH, (f"v{VERSION}",), "")
RELEASED = f"# Changelog\n\n## {VERSION}\n\n- The first.\n\n## 0.0.9\n\n- Older.\n"
UNRELEASED = f"# Changelog\n\n## Unreleased ({VERSION})\n\n- The first.\n"
DIRTY = msgspec.structs.replace(CLEAN, changed=" M akoo_core/errors.py\n?? notes.txt\n")


def entries(archive: bytes) -> dict[str, bytes]:
    """The content of each file of an archive, in the archive's order."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        files = [(member.name, opened.extractfile(member)) for member in opened]
        return {name: file.read() for name, file in files if file is not None}


def copied(folder: pathlib.Path, *, backwards: bool, seconds: int, mode: int) -> pathlib.Path:
    """A copy of the chart whose files were made in another order, at another time."""
    for file in sorted((each for each in CHART.rglob("*") if each.is_file()), reverse=backwards):
        made = folder / CHART.name / file.relative_to(CHART)
        made.parent.mkdir(parents=True, exist_ok=True)
        made.write_bytes(file.read_bytes())
        made.chmod(mode)
        os.utime(made, (seconds, seconds))
    return folder / CHART.name


def test_two_checkouts_make_the_same_chart(tmp_path: pathlib.Path) -> None:
    earlier = copied(tmp_path / "a", backwards=False, seconds=EPOCH - 99, mode=0o600)
    later = copied(tmp_path / "b", backwards=True, seconds=EPOCH + 99, mode=0o755)
    made = release.chart(earlier, EPOCH)
    assert made == release.chart(later, EPOCH)
    assert made != release.chart(later, EPOCH + 1)


def test_the_archive_is_the_chart() -> None:
    content = entries(release.chart(CHART, EPOCH))
    own = {f"akoo-core/{each.relative_to(CHART)}": each for each in CHART.rglob("*")}
    assert content == {name: each.read_bytes() for name, each in own.items() if each.is_file()}
    assert "akoo-core/Chart.yaml" in content


def test_the_files_without_a_build_are_equal_in_two_runs() -> None:
    first, second = release.files(NO_NAMES, EPOCH), release.files(NO_NAMES, EPOCH)
    assert first == second
    assert release.sums(first) == release.sums(second)
    assert sorted(first) == [
        "NOTES.md",
        "addon-components.yaml",
        f"akoo-core-{VERSION}.tgz",
        "install.yaml",
        "metadata.yaml",
    ]


@pytest.mark.parametrize(
    ("image", "used"), [("", "akoo-core"), (NAMES.image, "registry.example.com/akoo-core")]
)
def test_install_yaml_is_the_output_of_manifests(
    image: str, used: str, capsys: pytest.CaptureFixture[str]
) -> None:
    made = release.install(image)
    assert command.run(["manifests", "--image", f"{used}:{VERSION}"]) == 0
    printed = capsys.readouterr().out
    assert without_comments(made) == without_comments(printed)
    assert ("there is no image of this name" in made) == (not image)


def without_comments(text: str) -> str:
    """``text`` without the comments that it begins with."""
    lines = text.splitlines()
    first = next(index for index, line in enumerate(lines) if not line.startswith("#"))
    return "\n".join(lines[first:])


def test_checksums_are_those_of_sha256sum() -> None:
    made = release.sums({"b": b"2", "a": b"1"}).decode()
    assert made == "".join(
        f"{hashlib.sha256(content).hexdigest()}  {name}\n"
        for name, content in (("a", b"1"), ("b", b"2"))
    )


@pytest.mark.parametrize(
    ("changelog", "heading"), [(RELEASED, VERSION), (UNRELEASED, f"Unreleased ({VERSION})")]
)
def test_notes_are_the_part_of_this_version(changelog: str, heading: str) -> None:
    assert release.notes(changelog) == f"# akoo-core {heading}\n\n- The first.\n"


def test_a_version_without_notes_is_refused() -> None:
    with pytest.raises(SystemExit, match=rf"no part about {VERSION}: write it"):
        release.notes("# Changelog\n\n## 0.0.9\n\n- Older.\n")


def test_a_release_with_all_it_needs_is_not_refused() -> None:
    assert release.refusals(CLEAN, NAMES, RELEASED, dry_run=False) == []
    assert release.refusals(CLEAN, NO_NAMES, UNRELEASED, dry_run=True) == []


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_tree_with_changes_is_refused(dry_run: bool) -> None:
    (reason,) = release.refusals(DIRTY, NAMES, RELEASED, dry_run=dry_run)
    changed = "(akoo_core/errors.py, notes.txt)"
    assert reason == f"the tree differs from the last commit {changed}: commit or remove that"


@pytest.mark.parametrize("missing", ["repository", "image", "chart"])
def test_each_missing_name_is_named(missing: str) -> None:
    names = msgspec.structs.replace(NAMES, **{missing: ""})
    (reason,) = release.refusals(CLEAN, names, RELEASED, dry_run=False)
    assert reason.startswith(f"hack/release.toml has no {missing}: ")


def test_a_release_from_another_commit_or_without_a_heading_is_refused() -> None:
    untagged = msgspec.structs.replace(CLEAN, tags=("v0.0.9",))
    reasons = release.refusals(untagged, NAMES, UNRELEASED, dry_run=False)
    assert reasons == [
        f"the last commit has no tag v{VERSION}: tag it",
        f"CHANGELOG.md says '## Unreleased ({VERSION})': write '## {VERSION}'",
    ]


def test_the_file_of_names_is_read_strictly(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = set(tomllib.loads(release.NAMES.read_text()))
    assert keys == {"repository", "image", "chart"} == set(release.Names.__struct_fields__)
    file = tmp_path / "release.toml"
    file.write_text(release.NAMES.read_text() + 'registry = "x"\n')
    monkeypatch.setattr(release, "NAMES", file)
    with pytest.raises(msgspec.ValidationError, match="registry"):
        release.names()


@pytest.fixture
def commands(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Commands that a run starts: none is executed. The tree is clean, dist/ is a temporary one."""
    started: list[list[str]] = []

    def run(arguments: list[str], **_: object) -> None:
        started.append(arguments)

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(release, "tree", lambda: CLEAN)
    monkeypatch.setattr(release, "names", lambda: NO_NAMES)
    monkeypatch.setattr(release, "DIST", tmp_path / "dist")
    monkeypatch.setattr(release, "sbom", lambda *_: {release.SBOM: b"{}"})
    return started


def test_a_dry_run_makes_dist_and_uploads_nothing(
    commands: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    release.DIST.mkdir()
    (release.DIST / "of-another-run").write_text("")
    assert release.main(["--dry-run"]) == 0
    assert [started[:2] for started in commands] == [["uv", "build"]]
    listed = dict(
        line.split()[::-1] for line in (release.DIST / "SHA256SUMS").read_text().splitlines()
    )
    present = {file.name: file.read_bytes() for file in release.DIST.iterdir()}
    del present["SHA256SUMS"]
    assert listed == {name: hashlib.sha256(text).hexdigest() for name, text in present.items()}
    assert set(listed) == {*release.files(NO_NAMES, EPOCH), release.SBOM}
    assert "nothing is uploaded" in capsys.readouterr().out


def test_a_machine_that_cannot_upload_is_refused_before_anything_is_made() -> None:
    lacks = ["cosign is not in PATH: install it"]
    assert release.refusals(CLEAN, NAMES, RELEASED, dry_run=False, lacks=lacks) == lacks
    assert release.refusals(CLEAN, NAMES, RELEASED, dry_run=True, lacks=lacks) == []


def test_a_real_run_without_names_makes_nothing(
    commands: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert release.main([]) == 1
    assert commands == []
    assert not release.DIST.exists()
    assert "release.toml has no repository, image, chart" in capsys.readouterr().err


PROJECTS = (
    ROOT,
    *sorted(file.parent for file in ROOT.glob("plugins/*/pyproject.toml")),
    ROOT / "testbed",
)


@pytest.mark.parametrize("folder", PROJECTS, ids=lambda folder: folder.name)
def test_a_package_has_the_licence_and_its_source_only(folder: pathlib.Path) -> None:
    """hatchling takes LICENSE into the wheel. An sdist without ``include`` has tests, too."""
    assert (folder / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    project = tomllib.loads((folder / "pyproject.toml").read_text())
    source = f"/{project['project']['name'].replace('-', '_')}"
    taken = set(project["tool"]["hatch"]["build"]["targets"]["sdist"]["include"])
    assert taken - {"/CHANGELOG.md"} == {source, "/README.md", "/LICENSE"}


def test_nobody_is_asked_to_install_a_name_that_is_not_reserved() -> None:
    """Until the names are ours, an index may have packages of others under them."""
    assert release.names().missing(), "names are reserved: this test has no purpose any more"
    named = re.compile(
        r"pip install[^\n`|(]*[\s'\"](akoo[-_](core|ako|avi|tenancy|vsphere|testbed))\b(?![-_*.\w])"
    )
    files = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("akoo_core/**/*.py")]
    files += [*ROOT.glob("plugins/*/**/*.md"), *ROOT.glob("plugins/*/akoo_*/**/*.py")]
    files += [*ROOT.glob("testbed/*.md"), *ROOT.glob("testbed/akoo_testbed/**/*.py")]
    assert len(files) > 500
    asked = [f"{file}: {match[0]}" for file in files for match in named.finditer(file.read_text())]
    assert asked == []
    for text in ("pip install 'akoo-core[ui]'", "pip install akoo-core", "pip install x akoo-ako"):
        assert named.search(text), text
    for text in ("pip install dist/akoo_core-*.whl", "pip install ./akoo-acme-dns"):
        assert not named.search(text), text


@pytest.mark.skipif(
    os.environ.get("AKOO_PROOF") != "1", reason="builds every package twice (AKOO_PROOF=1)"
)
def test_packages_and_components_are_equal_in_two_builds(tmp_path: pathlib.Path) -> None:
    first = release.packages(tmp_path / "a", EPOCH)
    assert first == release.packages(tmp_path / "b", EPOCH)
    projects = [ROOT, *(file.parent for file in ROOT.glob("plugins/*/pyproject.toml"))]
    named = [
        tomllib.loads((folder / "pyproject.toml").read_text())["project"]["name"].replace("-", "_")
        for folder in (*projects, ROOT / "testbed")
    ]
    ends = (f"-{VERSION}-py3-none-any.whl", f"-{VERSION}.tar.gz")
    assert set(first) == {f"{name}{end}" for name in named for end in ends}
    components = release.sbom(tmp_path / "c", EPOCH)
    assert components == release.sbom(tmp_path / "d", EPOCH)
