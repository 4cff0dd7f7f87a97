"""akoo_core.plugin is everything that a plugin author may import, and stays so."""

from __future__ import annotations

import ast
import importlib
import inspect
import pathlib
import pkgutil
import re
from collections.abc import Iterator

import pytest

from akoo_core import plugin
from akoo_core.plugin import api
from akoo_core.plugin_host import offers

ROOT = pathlib.Path(__file__).parents[3]
PUBLIC = ("akoo_core.plugin", "akoo_core.testing")

_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_IMPORT = re.compile(
    r"^\s*(?:from (akoo_core[\w.]*) import (\w+)|import (akoo_core[\w.]*))", re.MULTILINE
)

EXPORTED = {
    "accounts": "CA HOSTS HTTPS_PORT HostAddress PASSWORD StoredAccount USERNAME is_v6 parse read",
    "ako_networks": """
        NODE_NETWORKS OPTIONS TIER1 AkoNetworks AkoVipNetwork NodeNetwork decode family_of
        prefix
    """,
    "ako_values": "NAMES SHARED Shared VALUES ValueType at filled placed typed",
    "api": """
        ADOPTION_FAILURES API_VERSION Account AddKey AdoptedName AdoptedObject
        AnnotationFlag Audit AuditContext Blocked CheckContext
        ClusterNameUse
        ConfigMapReader Contribution
        ControllerContext
        ControllerRegistration Done ENTRY_POINT_GROUP Fact Fenced Finding FindingState
        Intent Keep KeptSecret
        LONGEST_SECONDS LifecycleEvent LoadBalancerPlacement LoadBalancerTenant
        LoginMemory Notice Number
        PURE_VERBS PlannedAction PlannedVerb Plugin PluginAnnotation PortGroup Proof RbacRule
        RecordCondition RefusedLogin
        Request Result Seconds SecretContext SecretName
        SecretObject SecretPair SecretReader SecretSource Source Stray TIMEOUT_SECONDS ThreadPool
        Unverified Use VERBS VerbEntry VerbPhase VerbContext Verbs View VipNetwork Wait
        WorkloadCredential hookimpl hookspec verbs_of words
    """,
    "circuit": "Circuit",
    "clock": "Clock ManualClock SystemClock",
    "commands": """
        CommandAnswer CommandContext CommandGroup OperatorState PluginCommand Reachability
    """,
    "conditions": """
        MESSAGE_LIMIT Condition find kept listed merge readable replaced type_for_plugin write
    """,
    "errors": """
        AkooError BlockedError HolderRefusedError HostNotAllowedError InputError
        KeptConflictError KeptForeignError LineBreakError OutOfScopeError
        SecretInvalidError SecretMissingError SecretNamespaceNotAllowedError ThreadsClosedError
        ThreadsExhaustedError UnchosenError VerbError describe near
    """,
    "external": """
        DEFAULT_DEADLINE_SECONDS MAX_DEADLINE_SECONDS External HttpProxy TunnelError open_tunnel
        proxy_for unreachable_proxy
    """,
    "kube": """
        AKO_DEPLOYMENTS AKO_DEPLOYMENT_CONFIGS CLUSTERS CONFIG_MAPS CORE_EVENTS
        CUSTOM_RESOURCE_DEFINITIONS EVENTS LEASES MACHINES NAMESPACES PODS SECRETS STATEFUL_SETS
        AlreadyExistsError CircuitOpenError ConflictError Finalizers ForbiddenError GoneError
        InvalidError KubeClient KubeError KubeconfigError ManifestError NotFoundError Object Page
        Resource decode_manifests
        ServerError TooLargeVersionError TooManyRequestsError UnauthorizedError UnreachableError
        WatchEvent WorkloadConflictError managed_fields
    """,
    "metrics": """
        CREDENTIAL_AGE POOL_ADDRESSES PORT_GROUPS PORT_GROUPS_NOT_READY REGISTRY ROTATIONS
        ROTATION_AGE STORE_LOGINS
    """,
    "names": """
        ADOPT_ANNOTATION DELETE_FOR_MOVE_ANNOTATION FINALIZER LET_GO_ANNOTATION
        MANAGED_BY MANAGED_BY_LABEL MANAGEMENT_NAMESPACE RECORD_LABEL SWEEP_TENANTS_ANNOTATION
    """,
    "records": """
        Cause Cluster ClusterRef ConfigRef EndedPlacement FenceGrade FenceState ForeignAko
        Handover InventoryItem Leaving Orphaned Phase Record RecordSpec RecordStatus StoredFact
        StoredIntent StoredLetGo StoredProof StoredSecret StoredSource StoredUse Workload
    """,
    "redaction": "redact register",
    "settings": "Reference SecretRef",
    "signals": """
        Alert Board Metric Panel Query Section Severity Signals Unit expressions metrics_of
    """,
    "structs": """
        DecodeError FieldShape JSON Meta NotPlainError Struct StrictStruct convert decode_json
        decode_plain_yaml encode_json encode_yaml field fields replace to_object to_plain
        without_empty
    """,
    "threads": "PluginThreads",
    "trust": "advice context system_anchors",
    "uses": """
        Holding HOLD_DOMAIN SHOWN User described hold holders_of keep let_go needed_by
        uses_of
    """,
}
"""The names that a plugin may use, by module. A plugin of an older release needs each of them."""


def defined(module: str) -> list[str]:
    """The public names of a module: its ``__all__``, else what it defines itself."""
    face = importlib.import_module(f"akoo_core.plugin.{module}")
    if hasattr(face, "__all__"):
        return list(face.__all__)
    tree = ast.parse(inspect.getsource(face))
    return [name for name in _bound(tree) if not name.startswith("_") and len(name) > 1]


def _bound(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (target.id for target in targets if isinstance(target, ast.Name))


def test_modules() -> None:
    assert {module.name for module in pkgutil.iter_modules(plugin.__path__)} == EXPORTED.keys()


def test_the_package_describes_each_module() -> None:
    named = re.findall(r"``(\w+)``", (plugin.__doc__ or "").replace("``akoo_core``", ""))
    assert sorted(named) == sorted(EXPORTED)


@pytest.mark.parametrize("module", EXPORTED)
def test_exported_names(module: str) -> None:
    assert sorted(defined(module)) == sorted(EXPORTED[module].split())
    face = importlib.import_module(f"akoo_core.plugin.{module}")
    assert [name for name in EXPORTED[module].split() if not hasattr(face, name)] == []


def test_the_page_lists_each_module() -> None:
    page = (ROOT / "docs/how-to/write-a-plugin.md").read_text()
    table = page.partition("| module of `akoo_core.plugin` |")[2].partition("\n\n")[0]
    cells = [line.split("|")[1] for line in table.splitlines()[2:]]
    assert sorted(re.findall(r"`(\w+)`", " ".join(cells))) == sorted(EXPORTED)


def test_the_entry_point_group_is_what_installed_plugins_name() -> None:
    assert api.ENTRY_POINT_GROUP == "akoo_core.plugins"
    assert offers.GROUP == "akoo_core.commands"


# Files that plugin authors read and copy. The packages of this repository: pyproject.toml.


def examples() -> Iterator[tuple[str, str]]:
    """(place, Python) of the example plugin, the template of new ones, and the pages."""
    for file in (ROOT / "examples").rglob("*.py"):
        yield str(file.relative_to(ROOT)), file.read_text()
    for file in (ROOT / "akoo_core/cli/plugins/new_plugin").glob("*.py.txt"):
        yield file.name, file.read_text()
    pages = [*(ROOT / "docs/plugins").glob("*.md"), *(ROOT / "docs/how-to").glob("*-a-plugin.md")]
    for file in pages:
        for block in re.findall(
            r"^```python\n(.*?)^```$", file.read_text(), re.MULTILINE | re.DOTALL
        ):
            yield file.name, block


def imported(text: str) -> list[str]:
    """The modules of the core that the text imports from."""
    return [
        whole or (package if "." in package else f"{package}.{name}")
        for package, name, whole in _IMPORT.findall(text)
    ]


def test_imports_are_read() -> None:
    text = """
        from akoo_core import structs
        from akoo_core.kube.client import Page
        import akoo_core.app
    """
    assert imported(text) == ["akoo_core.structs", "akoo_core.kube.client", "akoo_core.app"]


def test_examples_import_the_public_face_only() -> None:
    places = list(examples())
    assert {"plugin.py.txt", "tutorial.md", "write-a-plugin.md"} <= {place for place, _ in places}
    wrong = [
        (place, module)
        for place, text in places
        for module in imported(text)
        if not module.startswith(PUBLIC)
    ]
    assert wrong == []
