"""The answer of ``akoo-core ako inspect``, as values and as text; pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from akoo_ako import names, settings
from akoo_ako.installs import differences, recognise, suggestion, verdict
from akoo_ako.installs.differences import Difference
from akoo_ako.installs.recognise import Install
from akoo_ako.installs.seen import Seen
from akoo_ako.installs.verdict import Verdict
from akoo_ako.refusals import refusal
from akoo_ako.releases.table import Table
from akoo_core.plugin import records, structs

SELECTOR_LABEL: Final = "akoo.io/ako-config"
"""Label in the selector of a suggested config. A person sets it on the Cluster."""
_KINDS: Final[dict[recognise.Kind, str]] = {
    "AkooCore": "akoo-core",
    "Helm": "Helm",
    "Ancestor": "the package of the Go ancestor (kapp)",
    "Vendor": "the vendor's package (kapp)",
    "AKOConfig": "the vendor's operator for OpenShift (AKOConfig)",
    "Package": "a package (kapp)",
    "YAML": "plain YAML",
}


class Suggestion(structs.Struct, frozen=True, kw_only=True):
    """A config for an install."""

    config: structs.JSON
    """An AKODeploymentConfig."""
    differences: tuple[Difference, ...] = ()
    """Parts of its rendering that the install has otherwise."""
    problem: str = ""
    """The reason why the config would be refused; "" for none. Nothing was compared then."""

    @property
    def equal(self) -> bool:
        """The rendering has an equal Pod template and an equal ConfigMap."""
        return not self.differences and not self.problem


class Inspected(structs.Struct, frozen=True, kw_only=True):
    """One install with all that is known of it."""

    install: Install
    verdict: Verdict
    suggestion: Suggestion | None = None
    """None where nothing runs, and for an AKO that akoo-core deployed."""
    notes: tuple[str, ...] = ()


def inspect(
    objects: Seen, cluster: records.Cluster, ours: settings.Settings
) -> tuple[Inspected, ...]:
    """Every AKO of a cluster, the primary first."""
    listed = recognise.installs(objects, ours.table)
    return tuple(
        _inspected(each, [other for other in listed if other is not each], objects, cluster, ours)
        for each in listed
    )


def _inspected(
    install: Install,
    others: Sequence[Install],
    objects: Seen,
    cluster: records.Cluster,
    ours: settings.Settings,
) -> Inspected:
    running = [other for other in others if other.stateful_set]
    suggested = None
    if install.stateful_set and install.kind != "AkooCore":
        suggested = suggest(install, objects, cluster, ours)
    return Inspected(
        install=install,
        verdict=verdict.judge(install, running, objects),
        suggestion=suggested,
        notes=tuple(_notes(install, others, ours.table)),
    )


def _notes(install: Install, others: Sequence[Install], table: Table) -> Iterator[str]:
    if install.stateful_set and table.find(install.version) is None:
        version = install.version or "of this image"
        yield f"AKO {version} is not a supported release."
    if install.stateful_set and not install.replicas:
        yield "It is scaled to 0."
    if not install.primary and not any(other.primary for other in others):
        yield "It is a secondary instance, and the cluster has no primary one."


def suggest(
    install: Install, objects: Seen, cluster: records.Cluster, ours: settings.Settings
) -> Suggestion:
    """A config for the install, compared with it."""
    known = install.version if ours.table.find(install.version) else ""
    spec, _ = suggestion.spec_of(install.data, install.stateful_set, known, ours)
    classes = {obj.kind for obj in install.objects}
    if install.primary and "IngressClass" not in classes:
        suggestion.put(spec, "spec.extraConfigs.ingress.disableIngressClass", True)
    config = _config(spec, objects)
    try:
        rendered = differences.rendering(spec, install.cluster_name, ours, cluster)
    except (refusal.Refusal, structs.DecodeError) as error:
        return Suggestion(config=config, problem=str(error))
    return Suggestion(
        config=config,
        differences=(
            *differences.of_data(install.data, rendered.data),
            *differences.of_stateful_set(install.stateful_set, rendered.stateful_set),
        ),
    )


def _config(spec: dict[str, Any], objects: Seen) -> structs.JSON:
    account = {"namespace": objects.namespace, "name": f"{objects.name}-avi-credentials"}
    references = {
        "clusterSelector": {"matchLabels": {SELECTOR_LABEL: objects.name}},
        "adminCredentialRef": {"namespace": names.NAMESPACE, "name": "avi-controller-credentials"},
        "certificateAuthorityRef": {"namespace": names.NAMESPACE, "name": "avi-controller-ca"},
        "workloadCredentialRef": account,
    }
    return {
        "apiVersion": "networking.tkg.tanzu.vmware.com/v1alpha1",
        "kind": "AKODeploymentConfig",
        "metadata": {"name": f"{objects.namespace}-{objects.name}"},
        "spec": {**references, **{key: value for key, value in spec.items() if value}},
    }


# Text.


def lines(key: str, inspected: Sequence[Inspected], unseen: Sequence[str]) -> Iterator[str]:
    """The report for people. ``key``: the Cluster, as namespace/name."""
    if not inspected:
        yield f"{key}: no AKO"
    for each in inspected:
        yield from _of_install(key, each)
    yield from (f"not looked at: {sentence}" for sentence in unseen)


def _of_install(key: str, inspected: Inspected) -> Iterator[str]:
    install, judged = inspected.install, inspected.verdict
    version = f"AKO {install.version}" if install.version else "AKO of an unknown release"
    yield f"{key}: {version} in namespace {install.namespace}, by {_KINDS[install.kind]}"
    yield f"  image        {install.image or 'none'}"
    yield f"  clusterName  {install.cluster_name or 'none'}"
    yield f"  instance     {'primary' if install.primary else 'secondary'}"
    yield f"  Pods         {install.ready} of {install.replicas} ready"
    yield f"  adoptable    {'yes' if judged.adoptable else f'no: {judged.reason}'}"
    if judged.message:
        yield f"               {judged.message}"
    if judged.detach:
        yield f"  detach       {judged.detach}"
    yield from (f"  note         {note}" for note in inspected.notes)
    yield "  objects, and who owns them"
    width = max((len(str(obj)) for obj in install.objects), default=0)
    for obj in install.objects:
        chain = " < ".join(map(str, obj.owners)) or _written_by(obj)
        yield f"    {str(obj).ljust(width)}  {chain}"
    if inspected.suggestion is not None:
        yield from _of_suggestion(inspected.suggestion)


def _written_by(obj: recognise.OwnedObject) -> str:
    return f"nobody (written by {', '.join(obj.managers)})" if obj.managers else "nobody"


def _of_suggestion(suggested: Suggestion) -> Iterator[str]:
    if suggested.problem:
        yield f"  A config for it would be refused: {suggested.problem}"
    elif suggested.equal:
        yield "  A config whose rendering has an equal Pod template and an equal ConfigMap:"
    else:
        yield "  The nearest config. Its rendering differs:"
        for difference in suggested.differences:
            installed, rendered = (
                difference.installed or "nothing",
                difference.rendered or "nothing",
            )
            yield f"    {difference.where}: {installed} is there, {rendered} is rendered"
    yield f"  (label the Cluster {SELECTOR_LABEL}, and make the Secrets that it names)"
    yield from json.dumps(suggested.config, indent=2).splitlines()


def plain(key: str, inspected: Sequence[Inspected], unseen: Sequence[str]) -> structs.JSON:
    """The JSON output."""
    return {
        "cluster": key,
        "installs": [_plain(each) for each in inspected],
        "notLookedAt": list(unseen),
    }


def _plain(inspected: Inspected) -> dict[str, Any]:
    install, judged = inspected.install, inspected.verdict
    answer: dict[str, Any] = {
        "kind": install.kind,
        "namespace": install.namespace,
        "primary": install.primary,
        "version": install.version,
        "image": install.image,
        "clusterName": install.cluster_name,
        "replicas": install.replicas,
        "readyReplicas": install.ready,
        "adoptable": judged.adoptable,
        "reason": judged.reason,
        "message": judged.message,
        "detach": judged.detach,
        "notes": list(inspected.notes),
        "objects": [
            {
                "kind": obj.kind,
                "namespace": obj.namespace,
                "name": obj.name,
                "owners": [structs.to_object(owner) for owner in obj.owners],
                "managers": list(obj.managers),
            }
            for obj in install.objects
        ],
    }
    if inspected.suggestion is not None:
        answer["config"] = inspected.suggestion.config
        answer["equal"] = inspected.suggestion.equal
        answer["problem"] = inspected.suggestion.problem
        answer["differences"] = [
            structs.to_object(difference) for difference in inspected.suggestion.differences
        ]
    return answer
