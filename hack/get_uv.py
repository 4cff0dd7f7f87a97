"""Bring uv into .tools/bin, for machines that have Python and nothing else.

Version and hashes are those of hack/uv.txt. Uses pip where there is one (it knows the machine's
mirrors and certificates), else fetches the wheel from PyPI with the standard library. Linux on
x86-64 and arm64.
"""

import hashlib
import io
import json
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile
import urllib.request
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
LOCK = ROOT / "hack" / "uv.txt"
VERSION = LOCK.read_text().partition("uv==")[2].split()[0]
DESTINATION = ROOT / ".tools" / "bin"
INDEX = "https://pypi.org/simple/uv/"


def with_pip(folder: pathlib.Path) -> pathlib.Path | None:
    """The uv binary that pip put into ``folder``, or None where pip is missing or fails."""
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(folder)]
    command += ["--require-hashes", "-r", str(LOCK)]
    done = subprocess.run(command, capture_output=True, check=False)
    binary = folder / "bin" / "uv"
    return binary if done.returncode == 0 and binary.exists() else None


def wheel_tag() -> str:
    """What the file name of this machine's wheel ends with (before ``.whl``)."""
    machine = platform.machine()
    libc = platform.libc_ver()[0]
    if machine == "x86_64":
        return "manylinux2014_x86_64" if libc == "glibc" else "musllinux_1_1_x86_64"
    if machine == "aarch64":
        return "musllinux_1_1_aarch64"
    sys.exit(f"get_uv: no uv wheel is known for {machine}. Install uv {VERSION} by hand.")


def from_pypi(folder: pathlib.Path) -> pathlib.Path:
    """The uv binary out of the wheel on PyPI, its SHA-256 checked."""
    headers = {"Accept": "application/vnd.pypi.simple.v1+json"}
    with urllib.request.urlopen(urllib.request.Request(INDEX, headers=headers), timeout=60) as page:
        files = json.load(page)["files"]
    ending = f"{wheel_tag()}.whl"
    found = next(
        one
        for one in files
        if one["filename"].startswith(f"uv-{VERSION}-") and one["filename"].endswith(ending)
    )
    with urllib.request.urlopen(found["url"], timeout=300) as answer:
        data = answer.read()
    if f"--hash=sha256:{hashlib.sha256(data).hexdigest()}" not in LOCK.read_text().split():
        sys.exit(f"get_uv: {found['url']} does not have a hash of {LOCK}")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        name = next(one for one in archive.namelist() if one.endswith("/scripts/uv"))
        binary = folder / "uv"
        binary.write_bytes(archive.read(name))
    return binary


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        binary = with_pip(pathlib.Path(folder)) or from_pypi(pathlib.Path(folder))
        DESTINATION.mkdir(parents=True, exist_ok=True)
        staged = DESTINATION / "uv.new"
        shutil.copy(binary, staged)
        staged.chmod(0o755)
        staged.rename(DESTINATION / "uv")
    print(f"uv {VERSION} is in {DESTINATION}")


if __name__ == "__main__":
    if sys.version_info < (3, 11):
        sys.exit("akoo-core needs Python >= 3.11; this is " + platform.python_version())
    main()
