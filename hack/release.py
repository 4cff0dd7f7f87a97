"""The files of a release, in dist/: `hack/release.py --dry-run`.

They depend on the last commit only: two runs make equal bytes. A real release also uploads them. It
is refused while hack/release.toml lacks a name, and from any tree but the tagged commit.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Iterable, Mapping

import msgspec

import akoo_core
from akoo_core import settings
from akoo_core.cli.manifests import DEFAULT_PLUGINS
from akoo_core.manifests import render
from akoo_core.plugin_host import loader
from hack import upload

ROOT = pathlib.Path(__file__).resolve().parent.parent
DIST = ROOT / "dist"
NAMES = ROOT / "hack/release.toml"
BUILD = ROOT / "hack/release_build.txt"
"""The build backends, with hashes."""
INSTALL = ROOT / "deploy/image/install.sh"
VERSION = akoo_core.__version__
SBOM = f"akoo-core-{VERSION}.cdx.json"
CHART = f"akoo-core-{VERSION}.tgz"
NOTES = "NOTES.md"
SUMS = "SHA256SUMS"
UNRELEASED = f"## Unreleased ({VERSION})"


class Names(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Names outside of this repository; an empty text is a name that nobody reserved yet."""

    repository: str
    image: str
    chart: str

    def missing(self) -> list[str]:
        """The names that are empty."""
        return [name for name, value in msgspec.structs.asdict(self).items() if not value]


class Tree(msgspec.Struct, frozen=True):
    """The state of the checkout: hash and seconds of the last commit, its tags, `git status
    --porcelain`."""

    commit: str
    epoch: int
    tags: tuple[str, ...]
    changed: str


def target(chosen: Names, state: Tree) -> upload.Target:
    """The place of this version's files."""
    return upload.Target(VERSION, state.commit, chosen.repository, chosen.image, chosen.chart)


def names() -> Names:
    """The names in hack/release.toml."""
    return msgspec.convert(tomllib.loads(NAMES.read_text()), Names)


def tree() -> Tree:
    """The state of this checkout."""
    return Tree(
        commit=_git("rev-parse", "HEAD").strip(),
        epoch=int(_git("log", "-1", "--format=%ct")),
        tags=tuple(_git("tag", "--points-at", "HEAD").split()),
        changed=_git("status", "--porcelain"),
    )


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(ROOT), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def refusals(
    state: Tree, chosen: Names, changelog: str, *, dry_run: bool, lacks: Iterable[str] = ()
) -> list[str]:
    """Each reason against this run, as a sentence that says what to do.

    ``lacks``: the reasons of this machine against an upload.
    """
    reasons = []
    if state.changed.strip():
        changed = ", ".join(line[3:] for line in state.changed.splitlines()[:5])
        reasons.append(f"the tree differs from the last commit ({changed}): commit or remove that")
    if dry_run:
        return reasons
    missing = chosen.missing()
    if missing:
        reasons.append(
            f"hack/release.toml has no {', '.join(missing)}: reserve the names (RELEASING.md),"
            " and write them there"
        )
    if f"v{VERSION}" not in state.tags:
        reasons.append(f"the last commit has no tag v{VERSION}: tag it")
    if UNRELEASED in changelog:
        reasons.append(f"CHANGELOG.md says '{UNRELEASED}': write '## {VERSION}'")
    return [*reasons, *lacks]


def files(chosen: Names, epoch: int) -> dict[str, bytes]:
    """The files that need no build, by their names: chart, manifests, clusterctl files, notes."""
    made = {
        CHART: chart(ROOT / "deploy/chart/akoo-core", epoch),
        "install.yaml": install(chosen.image).encode(),
        NOTES: notes((ROOT / "CHANGELOG.md").read_text()).encode(),
    }
    for file in sorted((ROOT / "deploy/clusterctl").glob("*.yaml")):
        made[file.name] = file.read_bytes()
    return made


def chart(folder: pathlib.Path, epoch: int) -> bytes:
    """The chart in ``folder`` as an archive that depends on its content and ``epoch`` only."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        # Helm reads Chart.yaml first, wherever it lies; sorted it comes first anyway.
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            content = file.read_bytes()
            entry = tarfile.TarInfo(f"{folder.name}/{file.relative_to(folder).as_posix()}")
            entry.size, entry.mtime, entry.mode = len(content), epoch, 0o644
            archive.addfile(entry, io.BytesIO(content))
    return gzip.compress(plain.getvalue(), mtime=epoch)


def install(image: str) -> str:
    """The output of `akoo-core manifests` for the default plugins."""
    chosen = settings.load(environ={}, overrides={"enabledPlugins": DEFAULT_PLUGINS})
    installation = render.Installation(
        plugins=loader.load(chosen).ordered,
        namespace=render.DEFAULT_NAMESPACE,
        image=f"{image or 'akoo-core'}:{VERSION}",
    )
    head = f"# akoo-core manifests all --plugins {DEFAULT_PLUGINS}, version {VERSION}\n"
    if not image:
        head += f"# A dry run: there is no image of this name. Replace akoo-core:{VERSION}.\n"
    return head + render.text(render.objects(installation))


def notes(changelog: str) -> str:
    """The part of CHANGELOG.md about this version.

    Raises SystemExit if there is none.
    """
    for part in changelog.split("\n## ")[1:]:
        heading, _, text = part.partition("\n")
        if heading in {VERSION, UNRELEASED.removeprefix("## ")} or heading.startswith(
            f"{VERSION} "
        ):
            return f"# akoo-core {heading}\n\n{text.strip()}\n"
    raise SystemExit(f"CHANGELOG.md has no part about {VERSION}: write it")


def sums(made: Mapping[str, bytes]) -> bytes:
    """The checksums of all files, as `sha256sum --check` reads them."""
    lines = [f"{hashlib.sha256(made[name]).hexdigest()}  {name}\n" for name in sorted(made)]
    return "".join(lines).encode()


def packages(folder: pathlib.Path, epoch: int) -> dict[str, bytes]:
    """Wheels and sdists of all packages, by their names. ``folder`` is where they are built."""
    command = ["uv", "build", "--quiet", "--all-packages", "--out-dir", str(folder)]
    command += ["--build-constraints", str(BUILD), "--require-hashes"]
    environment = os.environ | {"SOURCE_DATE_EPOCH": str(epoch), "PATH": _path()}
    subprocess.run(command, check=True, cwd=ROOT, env=environment)
    built = [*folder.glob("*.whl"), *folder.glob("*.tar.gz")]
    return {file.name: file.read_bytes() for file in sorted(built)}


def sbom(folder: pathlib.Path, epoch: int) -> dict[str, bytes]:
    """The components that the image's environment has, by the file's name.

    The environment is made below ``folder``, as the Dockerfile makes it.
    """
    environment = os.environ | {"PATH": _path(), "PLUGINS": ""}
    command = ["sh", str(INSTALL), str(folder / "operator"), sys.executable]
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    return {SBOM: components(folder / "operator/bin/python", epoch)}


def components(python: pathlib.Path, epoch: int, *, validated: bool = True) -> bytes:
    """The packages in the environment of ``python`` as CycloneDX 1.6.

    ``validated``: compared with its schema, which takes six seconds.
    """
    command = [sys.executable, "-m", "cyclonedx_py", "environment", "--output-reproducible"]
    command += ["--pyproject", str(ROOT / "pyproject.toml"), "--sv", "1.6", "--of", "JSON"]
    environment = os.environ | {"SOURCE_DATE_EPOCH": str(epoch)}
    command += ["--validate" if validated else "--no-validate", str(python)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment).stdout


def _path() -> str:
    """The PATH on which uv is."""
    return f"{ROOT / '.tools/bin'}{os.pathsep}{os.environ.get('PATH', '')}"


def write(made: Mapping[str, bytes]) -> None:
    """Replace dist/ by these files and their checksums."""
    shutil.rmtree(DIST, ignore_errors=True)
    DIST.mkdir()
    for name, content in {**made, SUMS: sums(made)}.items():
        (DIST / name).write_bytes(content)


def main(arguments: list[str] | None = None) -> int:
    """Make the files, and without --dry-run upload them."""
    parser = argparse.ArgumentParser(description="Make the files of a release in dist/.")
    parser.add_argument("--dry-run", action="store_true", help="upload nothing")
    dry_run: bool = parser.parse_args(arguments).dry_run
    state, chosen = tree(), names()
    changelog, lacks = (ROOT / "CHANGELOG.md").read_text(), upload.lacks(os.environ)
    reasons = refusals(state, chosen, changelog, dry_run=dry_run, lacks=lacks)
    if reasons:
        for reason in reasons:
            print(f"refused: {reason}", file=sys.stderr)
        return 1
    shutil.rmtree(DIST, ignore_errors=True)
    made = files(chosen, state.epoch) | packages(DIST, state.epoch)
    with tempfile.TemporaryDirectory() as folder:
        made |= sbom(pathlib.Path(folder), state.epoch)
    write(made)
    print((DIST / SUMS).read_text(), end="")
    if dry_run:
        print("dry run: dist/ is made, nothing is uploaded")
        return 0
    steps = upload.steps(target(chosen, state), sorted(made))
    upload.log_in(chosen.image, chosen.chart, os.environ)
    for step in steps:
        upload.run(step)
    return 0


if __name__ == "__main__":
    sys.exit(main())
