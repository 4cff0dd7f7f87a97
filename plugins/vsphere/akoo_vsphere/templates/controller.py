"""The controller that makes VSpherePortGroups from the templates of AKODeploymentConfigs.

observes configs, their records, VSpherePortGroups, and the VLANs in vCenter; makes and deletes the
VSpherePortGroups that carry its annotation, and writes one condition of the config's status.

A key is a config, or a config and one of its records (``prod akoo-0f3b2c1d4e5a``): a change of one
cluster costs what this cluster needs, however many the config has.
"""

from __future__ import annotations

from typing import Final

from akoo_core.plugin import api, kube, structs, uses
from akoo_vsphere.client.account import VCenters
from akoo_vsphere.connect import access
from akoo_vsphere.spec import config, port_group, refusal, resources
from akoo_vsphere.spec.config import Options
from akoo_vsphere.spec.port_group import CONFIG_ANNOTATION, PortGroup
from akoo_vsphere.templates import config_condition, making, wanted
from akoo_vsphere.templates.wanted import Cluster

CONFIGS = kube.AKO_DEPLOYMENT_CONFIGS
GROUPS = resources.PORT_GROUPS
RECORDS = kube.AKO_DEPLOYMENTS
DELETING_SECONDS: Final = 60.0
RIGHTS = (
    api.RbacRule(
        groups=(CONFIGS.group,), resources=(CONFIGS.plural,), verbs=("get", "list", "watch")
    ),
    api.RbacRule(
        groups=(CONFIGS.group,), resources=(f"{CONFIGS.plural}/status",), verbs=("patch",)
    ),
    api.RbacRule(groups=(GROUPS.group,), resources=(GROUPS.plural,), verbs=("create", "delete")),
)


class Templates:
    """The controller's registration and its tools."""

    def __init__(self, vcenters: VCenters) -> None:
        self._vcenters = vcenters

    def registration(self) -> api.ControllerRegistration:
        """The registration for the operator. One worker: choices are made one after another."""
        return api.ControllerRegistration(
            name="port-group-templates",
            watches=(CONFIGS, GROUPS, RECORDS, resources.CONNECTIONS),
            writes=(GROUPS, CONFIGS, resources.CONNECTIONS),
            keys=_keys,
            reconcile=self.reconcile,
            workers=1,
            goes_by=_goes_by,
        )

    async def reconcile(self, request: api.Request, ctx: api.ControllerContext) -> api.Result:
        """Make and delete what a config, or one cluster of it, wants."""
        name, _, record = request.key.partition(" ")
        obj = await _config(ctx, name)
        try:
            result = await self._attempt(ctx, name, record, obj)
        except (structs.DecodeError, refusal.Refusal) as error:
            reason = error.reason if isinstance(error, refusal.Refusal) else "ConfigInvalid"
            result = api.Blocked(reason=reason, message=str(error), after=access.PATIENCE)
        except access.ANSWERED as error:
            result = access.answer(error)
        except (kube.ConflictError, kube.AlreadyExistsError):
            message = f"A VSpherePortGroup of AKODeploymentConfig/{name} changed meanwhile."
            return api.Wait(reason="PortGroupEdited", message=message, after=1.0)
        except kube.InvalidError as error:
            result = api.Blocked(reason="ConfigInvalid", message=error.message)
        if obj is not None:
            await _tell(ctx, obj, result, record)
        return result

    async def _attempt(
        self, ctx: api.ControllerContext, name: str, record: str, obj: kube.Object | None
    ) -> api.Result:
        options = Options() if obj is None else wanted.options_of(obj)
        if record:
            return await self._of_record(ctx, name, options, record)
        await _check_reference(ctx, options)
        shared = wanted.shared(name, options)
        records = await _records(ctx, name)
        kept = {shared, *(wanted.of_cluster(options, each) for each in records)}
        for existing in await making.every(ctx.kube):
            if wanted.config_of(existing) == name and existing["metadata"]["name"] not in kept:
                await _give_up(ctx, existing)
        if shared:
            waiting = await self._settle(ctx, name, options, shared, None)
            if waiting is not None:
                return waiting
        for cluster in records:
            waiting = await self._of_cluster(ctx, name, options, cluster)
            if waiting is not None:
                return waiting
        return api.Done()

    async def _of_record(
        self, ctx: api.ControllerContext, name: str, options: Options, record: str
    ) -> api.Result:
        cluster = await _cluster(ctx, name, record)
        if cluster is not None and wanted.of_cluster(options, cluster):
            return await self._of_cluster(ctx, name, options, cluster) or api.Done()
        existing = await _existing(ctx, record)
        if existing is not None and wanted.config_of(existing) == name:
            await _give_up(ctx, existing)
        shared = await _existing(ctx, config.shared_name(name))
        if shared is not None and not wanted.shared(name, options):
            await _give_up(ctx, shared)
        return api.Done()

    async def _of_cluster(
        self, ctx: api.ControllerContext, name: str, options: Options, cluster: Cluster
    ) -> api.Result | None:
        made = wanted.of_cluster(options, cluster)
        return await self._settle(ctx, name, options, made, cluster) if made else None

    async def _settle(
        self,
        ctx: api.ControllerContext,
        config_name: str,
        options: Options,
        name: str,
        cluster: Cluster | None,
    ) -> api.Result | None:
        """Create the object, or let it follow the template. None: it is as it is wanted."""
        template = options.port_group_template
        if template is None:
            return None
        existing = await _existing(ctx, name)
        if existing is None:
            text = wanted.description(config_name, cluster)
            await making.make(ctx, self._vcenters, config_name, name, template, text)
            return None
        former = wanted.config_of(existing)
        if former != config_name and not (former and cluster is not None):
            message = (
                f"VSpherePortGroup/{name} was not made from AKODeploymentConfig/{config_name}. "
                "Delete it, or name it in spec.plugins.vsphere.portGroupRef."
            )
            return api.Blocked(reason="PortGroupNameTaken", message=message)
        group = port_group.from_object(existing)
        if group.deleting:
            message = f"VSpherePortGroup/{name} is being deleted; it is made again when it is gone."
            return api.Wait(reason="PortGroupDeleting", message=message, after=DELETING_SECONDS)
        await _follow(ctx, group, config_name, wanted.followed(group.spec, template), former)
        return None


async def _follow(
    ctx: api.ControllerContext,
    group: PortGroup,
    config_name: str,
    spec: port_group.Spec,
    former: str,
) -> None:
    """Bring the object to its template. A cluster that got another config takes its object along:
    the network is in use."""
    if spec == group.spec and former == config_name:
        return
    values = structs.to_object(spec)
    whole = {field.key: values.get(field.key) for field in structs.fields(port_group.Spec)}
    metadata = {
        "uid": group.uid,
        "resourceVersion": group.resource_version,
        "annotations": {CONFIG_ANNOTATION: config_name},
    }
    await ctx.kube.merge_patch(GROUPS, group.name, {"metadata": metadata, "spec": whole})


async def _give_up(ctx: api.ControllerContext, obj: kube.Object) -> None:
    """Delete an object of ours that nobody wants, unless a record uses it. A record that starts to
    use it now sees that it is being deleted. Else its own controller sees the record, and waits."""
    metadata = obj["metadata"]
    name, uid = metadata["name"], metadata["uid"]
    if not (metadata.get("annotations") or {}).get(CONFIG_ANNOTATION):
        return
    if "deletionTimestamp" in metadata or await uses.uses_of(ctx.kube, GROUPS, name, uid):
        return
    try:
        await ctx.kube.delete(GROUPS, name, uid=uid)
    except kube.NotFoundError:
        return


async def _config(ctx: api.ControllerContext, name: str) -> kube.Object | None:
    """The config; None for one that is gone or going: it wants nothing new."""
    try:
        obj = await ctx.kube.get(CONFIGS, name)
    except kube.NotFoundError:
        return None
    return None if "deletionTimestamp" in obj["metadata"] else obj


async def _cluster(ctx: api.ControllerContext, config_name: str, record: str) -> Cluster | None:
    """The cluster of a record; None if it is gone, or if another config is its config now."""
    try:
        obj = await ctx.kube.get(RECORDS, record)
    except kube.NotFoundError:
        return None
    return wanted.cluster_of(obj) if wanted.config_of(obj) == config_name else None


async def _existing(ctx: api.ControllerContext, name: str) -> kube.Object | None:
    try:
        return await ctx.kube.get(GROUPS, name)
    except kube.NotFoundError:
        return None


async def _records(ctx: api.ControllerContext, config_name: str) -> list[Cluster]:
    """The clusters of a config, read from the API server, by name."""
    clusters: list[Cluster] = []
    token = ""
    while True:
        page = await ctx.kube.list(RECORDS, token=token)
        of_config = (item for item in page.items if wanted.config_of(item) == config_name)
        clusters += [cluster for cluster in map(wanted.cluster_of, of_config) if cluster]
        token = page.token
        if not token:
            return sorted(clusters, key=lambda cluster: cluster.record)


async def _check_reference(ctx: api.ControllerContext, options: Options) -> None:
    name = options.port_group_ref
    if name and await _existing(ctx, name) is None:
        raise refusal.Refusal(
            "PortGroupMissing",
            f"{config.PATH}.portGroupRef: there is no VSpherePortGroup {name}. Create it, or "
            "correct the reference.",
        )


async def _tell(
    ctx: api.ControllerContext, obj: kube.Object, result: api.Result, record: str
) -> None:
    """Write the config's condition. A cluster's key only reports a failure: the key of the config
    tells when all is well."""
    if not isinstance(result, api.Done):
        condition = config_condition.wrong(result.reason, result.message)
        await config_condition.write(ctx, obj, condition)
        return
    plain = ((obj.get("spec") or {}).get("plugins") or {}).get("vsphere")
    if not record:
        await config_condition.write(ctx, obj, config_condition.ready() if plain else None)


def _keys(resource: kube.Resource, obj: kube.Object) -> tuple[str, ...]:
    """The config itself; for a record, the config with it; for an object that a template made, the
    config, or the record that it is named after."""
    name = obj["metadata"]["name"]
    if resource.kind == CONFIGS.kind:
        return (name,)
    if resource.kind == resources.CONNECTIONS.kind:
        return ()
    config_name = wanted.config_of(obj)
    if not config_name:
        return ()
    whole = resource.kind == GROUPS.kind and name == config.shared_name(config_name)
    return (config_name,) if whole else (f"{config_name} {name}",)


def _goes_by(resource: kube.Resource, obj: kube.Object) -> object:
    """The fields that start a reconcile: the status does not."""
    spec, metadata = obj.get("spec") or {}, obj.get("metadata") or {}
    if resource.kind == RECORDS.kind:
        return (
            spec.get("configRef"),
            spec.get("uses"),
            spec.get("leaving") is None,
            spec.get("finishedAt"),
            spec.get("observed"),
        )
    if resource.kind == CONFIGS.kind:
        return (spec.get("plugins") or {}).get("vsphere"), "deletionTimestamp" in metadata
    return spec, metadata.get("annotations"), "deletionTimestamp" in metadata
