"""The commands that upload and sign a release. hack/release.py runs them; a dry run runs none."""

from __future__ import annotations

import json
import pathlib
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec

ROOT = pathlib.Path(__file__).resolve().parent.parent
METADATA = "build/image.json"
"""The file in which buildx writes the digest of the image."""
PLATFORMS = "linux/amd64,linux/arm64"
TOOLS = ("cosign", "docker", "gh", "helm")
USER, PASSWORD = "REGISTRY_USER", "REGISTRY_PASSWORD"
"""Variables with the account of the registries of image and chart."""
SUMS, NOTES = "SHA256SUMS", "NOTES.md"
SIGNED = f"{SUMS}.sigstore.json"


class Target(msgspec.Struct, frozen=True):
    """A version, and the names under which it is published."""

    version: str
    commit: str
    repository: str
    image: str
    chart: str


class Step(msgspec.Struct, frozen=True):
    """A command. ``pushed`` is the name of the artifact that it pushed, which is signed then."""

    command: list[str]
    pushed: str = ""


def lacks(
    environ: Mapping[str, str], which: Callable[[str], str | None] = shutil.which
) -> list[str]:
    """The reasons of this machine against an upload: half a release is worse than none."""
    tools = [f"{tool} is not in PATH: install it" for tool in TOOLS if which(tool) is None]
    empty = [name for name in (USER, PASSWORD) if not environ.get(name)]
    return tools + [f"{name} is empty: set it to the registries' account" for name in empty]


def labels(target: Target) -> dict[str, str]:
    """The build arguments of the Dockerfile that become labels of the image."""
    source = f"https://github.com/{target.repository}"
    return {"VERSION": target.version, "REVISION": target.commit, "SOURCE": source}


def steps(target: Target, made: Iterable[str]) -> list[Step]:
    """The commands that upload the files ``made``, in their order.

    The image comes first and the page of the release last: nothing names a thing that is not there
    yet.
    """
    names = list(made)
    built = [f"dist/{name}" for name in names if name.endswith((".whl", ".tar.gz"))]
    listed = [f"dist/{name}" for name in (*names, SUMS, SIGNED) if name != NOTES]
    image = ["docker", "buildx", "build", "--platform", PLATFORMS, "--provenance", "mode=max"]
    image += ["--sbom", "true", "--file", "deploy/image/Dockerfile", "--push"]
    image += ["--metadata-file", METADATA]
    for name, value in labels(target).items():
        image += ["--build-arg", f"{name}={value}"]
    chart = f"dist/akoo-core-{target.version}.tgz"
    page = ["gh", "release", "create", f"v{target.version}", "--repo", target.repository]
    page += ["--verify-tag", "--notes-file", f"dist/{NOTES}"]
    return [
        Step([*image, "--tag", f"{target.image}:{target.version}", "."], target.image),
        Step(["helm", "push", chart, f"oci://{target.chart}"], f"{target.chart}/akoo-core"),
        Step(["cosign", "sign-blob", "--yes", "--bundle", f"dist/{SIGNED}", f"dist/{SUMS}"]),
        Step(["uv", "publish", "--trusted-publishing", "always", *built]),
        Step([*page, *listed]),
    ]


def digest(metadata: str, output: str) -> str:
    """The digest of a pushed artifact: in the metadata of buildx, or in the output of helm.

    Raises SystemExit if there is none: a signature of a tag would be of whatever the tag names.
    """
    if metadata:
        return str(json.loads(metadata)["containerimage.digest"])
    match = re.search(r"^Digest: (sha256:[0-9a-f]{64})$", output, re.MULTILINE)
    if match is None:
        raise SystemExit("helm push printed no digest: the chart is pushed, and not signed")
    return match[1]


def logins(image: str, chart: str, user: str) -> Iterator[list[str]]:
    """The commands that log in; each reads the password from its standard input."""
    credentials = ["--username", user, "--password-stdin"]
    for host in sorted({image.partition("/")[0], chart.partition("/")[0]}):
        yield ["docker", "login", host, *credentials]
    yield ["helm", "registry", "login", chart.partition("/")[0], *credentials]


def log_in(image: str, chart: str, environ: Mapping[str, str]) -> None:
    """Log in to the registries of image and chart."""
    for command in logins(image, chart, environ[USER]):
        subprocess.run(command, check=True, input=environ[PASSWORD], text=True)


def run(step: Step) -> None:
    """Run the command, and sign the artifact that it pushed, without a key, by its digest."""
    (ROOT / METADATA).parent.mkdir(exist_ok=True)
    (ROOT / METADATA).unlink(missing_ok=True)
    done = subprocess.run(
        step.command,
        check=True,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    print(done.stdout, end="")
    if step.pushed:
        metadata = (ROOT / METADATA).read_text() if (ROOT / METADATA).exists() else ""
        name = f"{step.pushed}@{digest(metadata, done.stdout)}"
        subprocess.run(["cosign", "sign", "--yes", "--recursive", name], check=True)
