"""The binaries, the Go modules they are built from, and the keys of the cached results.

Each recipe has a folder in `modules/` with a go.mod (and go.sum) of its own: the versions and
checksums there are the whole of what decides a build, so no checksum database is asked.
"""

import dataclasses
import hashlib
import pathlib
import platform

MODULES_FOLDER = pathlib.Path(__file__).parent.parent / "modules"
KUBERNETES_VERSION = "v1.34.4"
CLUSTER_API_VERSION = "v1.14.2"
OTHER_KUBERNETES = ("v1.31.13", "v1.36.5", "v1.37.2")
OTHER_CLUSTER_APIS = ("v1.13.6", "v1.12.10", "v1.10.10")
"""Built on demand, from `modules/clusterapi-1.13` and so on; like OTHER_KUBERNETES."""

_KEY_LENGTH = 16
_FORMAT = "1"  # change it when the layout of a cached folder changes


@dataclasses.dataclass(frozen=True, slots=True)
class Recipe:
    """One Go module of `modules/` and what is taken from it."""

    name: str
    """Folder in `modules/`, and first part of the cached folder's name."""

    packages: tuple[tuple[str, str], ...]
    """(file name of the binary, Go package), in the order in which they are built."""

    version: str = ""
    """The release, of parts that there are several releases of; no part of the key."""

    ldflags: str = "-s -w"

    on_demand: bool = False
    """Not part of a test bed: built only where somebody names it."""

    data_module: str = ""
    """The module whose source folder holds `data`."""

    data: tuple[str, ...] = ()
    """Folders and files of `data_module` copied to `share/` under the same path."""

    data_folder: str = ""
    """The folder of `data_module` that `data` lies in; no part of its path in `share/`."""

    @property
    def folder(self) -> pathlib.Path:
        return MODULES_FOLDER / self.name

    @property
    def sources(self) -> list[pathlib.Path]:
        """go.mod, go.sum and Go files, those of modules in folders below, too; sorted."""
        return sorted(p for p in self.folder.rglob("*") if p.suffix in {".mod", ".sum", ".go"})


def _version_flags(version: str) -> str:
    """Linker flags that tell Kubernetes its version; without them it calls itself v0.0.0."""
    major, minor, _ = version.removeprefix("v").split(".")
    values = {
        "gitVersion": version,
        "gitMajor": major,
        "gitMinor": minor,
        "gitTreeState": "clean",
        "gitCommit": "0" * 40,
        "buildDate": "1970-01-01T00:00:00Z",
    }
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    return " ".join(
        ["-s -w", *(f"-X {p}.{k}={v}" for p in packages for k, v in sorted(values.items()))]
    )


def _kubernetes(version: str, *, on_demand: bool = True) -> Recipe:
    """API server, controllers and kubectl of a release of Kubernetes."""
    names = ("kube-apiserver", "kube-controller-manager", "kubectl")
    return Recipe(
        name=_name("kubernetes", version, on_demand=on_demand),
        packages=tuple((name, f"k8s.io/kubernetes/cmd/{name}") for name in names),
        version=version,
        ldflags=_version_flags(version),
        on_demand=on_demand,
    )


def _cluster_api(version: str, *, on_demand: bool = True) -> Recipe:
    """Manager, clusterctl, definitions and webhooks of a release of Cluster API."""
    major, minor = minor_of(version)
    # Since 1.14 the manager is a package of its own, with its manifests beside it.
    core = "core" if minor >= 14 else ""
    module = "sigs.k8s.io/cluster-api"
    values = {"gitVersion": version, "gitMajor": major, "gitMinor": minor}
    return Recipe(
        name=_name("clusterapi", version, on_demand=on_demand),
        packages=(
            ("cluster-api", f"{module}/{core}".rstrip("/")),
            ("clusterctl", f"{module}/cmd/clusterctl"),
        ),
        version=version,
        ldflags=" ".join(
            ["-s -w", *(f"-X {module}/version.{key}={value}" for key, value in values.items())]
        ),
        on_demand=on_demand,
        data_module=module,
        data=("config/crd/bases", "config/webhook/manifests.yaml"),
        data_folder=core,
    )


def minor_of(version: str) -> tuple[int, int]:
    """Major and minor of a release, `(1, 34)` of "v1.34.4"."""
    major, minor, _ = version.removeprefix("v").split(".")
    return int(major), int(minor)


def _name(part: str, version: str, *, on_demand: bool) -> str:
    """The plain name is that of the release that beds have by default."""
    major, minor = minor_of(version)
    return f"{part}-{major}.{minor}" if on_demand else part


RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe(name="etcd", packages=(("etcd", "go.etcd.io/etcd/server/v3"),)),
        _kubernetes(KUBERNETES_VERSION, on_demand=False),
        *map(_kubernetes, OTHER_KUBERNETES),
        _cluster_api(CLUSTER_API_VERSION, on_demand=False),
        *map(_cluster_api, OTHER_CLUSTER_APIS),
        Recipe(
            name="jaeger",
            packages=(("jaeger", "github.com/jaegertracing/jaeger/cmd/all-in-one"),),
        ),
        Recipe(name="vcsim", packages=(("vcsim", "akoo-testbed/vcsim"),)),
        Recipe(name="helm", packages=(("helm", "helm.sh/helm/v4/cmd/helm"),), on_demand=True),
    )
}

DEFAULT = tuple(recipe.name for recipe in RECIPES.values() if not recipe.on_demand)
"""The parts of test beds."""


def key(recipe: Recipe, *, target: str = "") -> str:
    """Hex key of everything that decides the result: module files, flags, packages, platform.

    The Go version is left out on purpose: a newer toolchain is no reason to build for minutes.
    `target` is "system/machine", by default this machine's.
    """
    target = target or f"{platform.system()}/{platform.machine()}"
    digest = hashlib.sha256()
    fields = [_FORMAT, recipe.name, recipe.ldflags, recipe.data_module, target.lower()]
    fields += [field for package in recipe.packages for field in package]
    fields += recipe.data
    fields += [recipe.data_folder] if recipe.data_folder else []  # others keep their keys
    for field in fields:
        digest.update(f"{len(field)}:{field}".encode())
    for path in recipe.sources:
        content, place = path.read_bytes(), path.relative_to(recipe.folder).as_posix()
        digest.update(f"{place}:{len(content)}:".encode())
        digest.update(content)
    return digest.hexdigest()[:_KEY_LENGTH]
