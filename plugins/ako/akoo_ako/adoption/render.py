"""The contribution for an AKO that is adopted; pure.

As long as the config means what the install was, its shape is rendered as it stood: no hash, no
probe and no security context of ours. Once the config means something else, AKO starts anew anyway,
and its objects get our shape; what Kubernetes never lets change stays the install's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from akoo_ako import config, credential, desired, fence, images, names, settings
from akoo_ako.adoption import former
from akoo_ako.adoption.shape import AkoShape
from akoo_ako.installed import AkoInstall
from akoo_ako.installs import differences
from akoo_ako.installs.differences import Difference
from akoo_ako.refusals import refusal
from akoo_ako.releases import stored
from akoo_ako.rendering import objects
from akoo_core.plugin import api, structs

NAMED: Final = 5
"""Differences that a message names."""
_NEVER_CHANGES: Final = (
    "selector",
    "serviceName",
    "podManagementPolicy",
    "volumeClaimTemplates",
)


def adopted(view: api.View) -> tuple[AkoInstall, AkoShape] | None:
    """The install that this record adopts; None for an AKO that akoo-core deployed."""
    install, shape = view.fact(AkoInstall), view.fact(AkoShape)
    if view.spec.adoption is None or install is None or shape is None:
        return None
    return install, shape


def written(view: api.View) -> bool:
    """The StatefulSet was applied by us."""
    return any(
        (item.plugin, item.kind) == (names.PLUGIN, "StatefulSet") and item.digest
        for item in view.spec.inventory
    )


def as_it_stands(view: api.View, ours: settings.Settings) -> bool:
    """The install has a release that is not known, and nobody names another: nothing but its shape
    is rendered."""
    if adopted(view) is None:
        return False
    version = desired.version(view, ours)
    named = desired.options_of(view).version or ours.version
    intent = view.intent(names.PLUGIN)
    known = ours.table.find(version) or (stored.release(intent.data, version) if intent else None)
    install = view.fact(AkoInstall)
    unnamed = install is not None and not install.version
    return not named and (known is None or unnamed)


def intent(view: api.View) -> api.Intent:
    """The intent for an AKO that is left as it stands."""
    install, shape = view.fact(AkoInstall), view.fact(AkoShape)
    frequency = shape.data.get("fullSyncFrequency", "") if shape is not None else ""
    seconds = int(frequency) if frequency.isascii() and frequency.isdigit() else None
    return api.Intent(
        data={
            "clusterName": view.spec.ako_cluster_name,
            "version": install.version if install is not None else "",
            fence.FULL_SYNC: desired.FULL_SYNC_SECONDS if seconds is None else seconds,
        }
    )


def contribution(view: api.View, ours: settings.Settings) -> api.Contribution | api.Blocked:
    """The objects. Raises Refusal."""
    there = adopted(view)
    if there is None:
        raise RuntimeError(f"{view.record_name} adopts nothing")
    install, shape = there
    if install.reason and not written(view):
        return api.Blocked(reason=install.reason, message=install.message)
    if as_it_stands(view, ours):
        return _contribution(view, install, shape, _shape_objects(view, shape), config_of(view))
    wanted = desired.decide(view, ours)
    rendered = objects.render(wanted)
    differing = meaning(shape, rendered)
    if not differing and not install.moved:
        objects_there = _shape_objects(view, shape)
        return _contribution(view, install, shape, objects_there, wanted.spec)
    if not written(view):
        return _would_restart(differing)
    moved = ours_in_place(rendered, shape, install.namespace)
    made = _contribution(view, install, shape, moved, wanted.spec)
    copies = tuple(map(images.copied, wanted.pull_secret_copies))
    return structs.replace(
        made,
        secrets=(*made.secrets, *(_placed(copy, install.namespace) for copy in copies)),
        definitions=objects.definitions(wanted),
    )


def as_it_was(view: api.View) -> api.Contribution:
    """The install as it was found, whatever the config means. Raises Refusal."""
    there = adopted(view)
    if there is None:
        raise RuntimeError(f"{view.record_name} adopts nothing")
    install, shape = there
    return _contribution(view, install, shape, _shape_objects(view, shape), config_of(view))


def config_of(view: api.View) -> config.Spec:
    """The decoded config. Raises Refusal."""
    try:
        return config.decode(view.config)
    except structs.DecodeError as error:
        raise refusal.Refusal("ConfigInvalid", str(error)) from error


def moves(view: api.View, ours: settings.Settings) -> bool:
    """The config means something else by now than the install that was adopted. Raises Refusal."""
    there = adopted(view)
    if there is None or not written(view) or as_it_stands(view, ours):
        return False
    return bool(meaning(there[1], objects.render(desired.decide(view, ours))))


def meaning(shape: AkoShape, rendered: Sequence[structs.JSON]) -> list[Difference]:
    """The parts that a config governs and that the install has otherwise. deleteConfig is an order
    and no meaning."""
    by_kind = {obj["kind"]: obj for obj in rendered if obj["kind"] in ("ConfigMap", "StatefulSet")}
    there, wanted = dict(shape.data), dict(by_kind["ConfigMap"]["data"])
    for data in (there, wanted):
        data[names.DELETE_CONFIG] = "false"
    return [
        *differences.of_data(there, wanted),
        *differences.of_stateful_set(shape.of("StatefulSet"), by_kind["StatefulSet"]),
    ]


def _would_restart(differing: Sequence[Difference]) -> api.Blocked:
    shown = "; ".join(
        f"{each.where}: {each.installed or 'nothing'} is there, {each.rendered or 'nothing'} is "
        "wanted"
        for each in differing[:NAMED]
    )
    more = f"; and {len(differing) - NAMED} more" if len(differing) > NAMED else ""
    return api.Blocked(
        reason="AdoptionWouldRestart",
        message=(
            f"The config means another AKO than the one that is there: {shown}{more}. Nothing is "
            "written. akoo-core ako inspect prints a config that is equal to it."
        ),
        after=60.0,
    )


def _contribution(
    view: api.View,
    install: AkoInstall,
    shape: AkoShape,
    manifests: Sequence[structs.JSON],
    spec: config.Spec,
) -> api.Contribution:
    secret = credential.secret(view, spec, desired.options_of(view))
    return api.Contribution(
        objects=tuple(manifests),
        secrets=(_placed(secret, install.namespace),),
        adopts=tuple(_adopts(install, shape)),
        held=None if written(view) else former.awaited(view),
    )


def _adopts(install: AkoInstall, shape: AkoShape) -> list[api.AdoptedObject]:
    adopts = [
        api.AdoptedObject(
            api_version=each.manifest["apiVersion"],
            kind=each.manifest["kind"],
            name=each.manifest["metadata"]["name"],
            namespace=each.manifest["metadata"].get("namespace", ""),
            uid=each.uid,
        )
        for each in shape.objects
    ]
    if shape.secret_uid:
        adopts.append(
            api.AdoptedObject(
                api_version="v1",
                kind="Secret",
                name=names.SECRET,
                namespace=install.namespace,
                uid=shape.secret_uid,
            )
        )
    return adopts


def _placed(secret: api.SecretObject, namespace: str) -> api.SecretObject:
    return structs.replace(secret, namespace=namespace)


def _shape_objects(view: api.View, shape: AkoShape) -> list[structs.JSON]:
    manifests = [each.manifest for each in shape.objects]
    if not desired.delete_config(view):
        return manifests
    return [_told_to_delete(obj) if obj["kind"] == "ConfigMap" else obj for obj in manifests]


def _told_to_delete(config_map: structs.JSON) -> structs.JSON:
    return {**config_map, "data": {**(config_map.get("data") or {}), names.DELETE_CONFIG: "true"}}


# Our shape in the place of the install.


def ours_in_place(
    rendered: Sequence[structs.JSON], shape: AkoShape, namespace: str
) -> list[structs.JSON]:
    """Our objects, in the namespace of the install and under its selector."""
    placed = [_in_namespace(obj, namespace) for obj in rendered]
    there = shape.of("StatefulSet")
    return [_selected(obj, there) if obj["kind"] == "StatefulSet" else obj for obj in placed]


def _in_namespace(obj: structs.JSON, namespace: str) -> structs.JSON:
    metadata: dict[str, Any] = dict(obj["metadata"])
    if obj["kind"] == "Namespace" and metadata["name"] == names.NAMESPACE:
        metadata["name"] = namespace
    if metadata.get("namespace") == names.NAMESPACE:
        metadata["namespace"] = namespace
    placed = {**obj, "metadata": metadata}
    if obj["kind"] == "ClusterRoleBinding":
        placed["subjects"] = [{**each, "namespace": namespace} for each in obj["subjects"]]
    return placed


def _selected(stateful_set: structs.JSON, there: structs.JSON) -> structs.JSON:
    spec, theirs = dict(stateful_set["spec"]), there.get("spec") or {}
    for field in _NEVER_CHANGES:
        spec.pop(field, None)
        if field in theirs:
            spec[field] = theirs[field]
    selector = (theirs.get("selector") or {}).get("matchLabels") or {}
    template = dict(spec["template"])
    metadata = dict(template["metadata"])
    metadata["labels"] = {**metadata["labels"], **selector}
    template["metadata"] = metadata
    return {**stateful_set, "spec": {**spec, "template": template}}
