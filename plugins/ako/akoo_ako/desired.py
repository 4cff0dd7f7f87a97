"""The decision about one cluster, made once from the view: the input of everything rendered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from akoo_ako import config, images, installed, names, options, settings
from akoo_ako.chart import cluster_values, pod, values
from akoo_ako.chart.effective import AkoValues
from akoo_ako.refusals import checks, family, fit, refusal
from akoo_ako.releases import builtin, stored
from akoo_ako.releases.release import Release
from akoo_core.plugin import ako_networks, api, structs
from akoo_core.plugin import names as core_names

FULL_SYNC_SECONDS = 1800
"""AKO's own default of fullSyncFrequency."""


class Desired(NamedTuple):
    """One AKO, decoded, defaulted and checked."""

    cluster_name: str
    """AKO's clusterName, from the record; the mark on every Avi object. It never changes."""
    release: Release
    spec: config.Spec
    options: options.Options
    settings: settings.Settings
    networks: ako_networks.AkoNetworks = ako_networks.AkoNetworks()
    """The networks of AKO's own settings, in its form; those of the placement where it has them."""
    placement: api.LoadBalancerPlacement | None = None
    """The placement, if a plugin provides one. It wins over the config, which may be newer."""
    delete_config: bool = False
    values: values.Values = values.Values()
    """Values of the chart that no field has."""

    @property
    def log_volume(self) -> structs.JSON:
        """The spec of the claim that each Pod makes for its log files; {} for none."""
        spec: structs.JSON = self.values.pod.get("persistentVolumeClaimSpec", {})
        return spec

    @property
    def logs_to_volume(self) -> bool:
        """AKO writes its log to files in a volume."""
        return bool(self.extra.log.persistent_volume_claim or self.log_volume)

    @property
    def extra(self) -> config.Extra:
        return self.spec.extra_configs

    @property
    def primary(self) -> bool:
        """The one AKO of its cluster that owns what exists once: class, role, CRDs, routes."""
        return self.extra.primary_instance is not False

    @property
    def image_registry(self) -> str:
        """The registry that all images come from; "" for their own."""
        return self.options.image_registry or self.settings.image_registry

    @property
    def pull_secret_copies(self) -> tuple[images.PullSecret, ...]:
        """Secrets of the management cluster that are copied beside AKO, to pull images with."""
        return copies(self.options, self.settings)

    @property
    def gateway_api(self) -> bool:
        return bool(self.extra.feature_gates.gateway_api)

    @property
    def replicas(self) -> int:
        return self.extra.replica_count or 1

    @property
    def port(self) -> int:
        """Of /api/status, probes and metrics."""
        return self.extra.api_server_port or 8080

    @property
    def full_sync_seconds(self) -> int:
        """Between two full syncs; 0: AKO makes none but when it starts."""
        frequency = self.extra.full_sync_frequency or ""
        return int(frequency) if frequency.isascii() and frequency.isdigit() else FULL_SYNC_SECONDS

    @property
    def service_type(self) -> str:
        return self.extra.ingress.service_type or "NodePort"


def version(view: api.View, ours: settings.Settings) -> str:
    """The version of AKO for this cluster: its config's, the operator's, its own so far, that of
    the install that is adopted, ours.

    A version that nobody names stays: a new release of the operator must not roll a fleet.
    """
    wanted = options_of(view).version or ours.version
    if wanted:
        return wanted
    intent = view.intent(names.PLUGIN)
    kept = str(intent.data.get("version", "")) if intent else ""
    return kept or installed.version_of(view) or builtin.DEFAULT


def copies(ako_options: options.Options, ours: settings.Settings) -> tuple[images.PullSecret, ...]:
    """The Secrets to copy: the config's, else those of the operator's settings."""
    return ako_options.copied_pull_secrets or ours.copied_pull_secrets


def release_of(view: api.View, ours: settings.Settings) -> Release:
    """The release for this cluster. A row that the settings have no longer is taken from the
    record, so that AKO goes on. Raises Refusal for a version that is in neither."""
    wanted, intent = version(view, ours), view.intent(names.PLUGIN)
    kept = stored.release(intent.data, wanted) if intent else None
    known = ours.table.find(wanted) or kept
    return known or ours.table.release(wanted, "spec.plugins.ako.version")


def decide(
    view: api.View,
    ours: settings.Settings,
    of_cluster: Mapping[str, Any] | None = None,
    *,
    checked: bool = True,
) -> Desired:
    """Everything that contribute renders. Raises Refusal for a config that must not be deployed.

    ``of_cluster``: values of the cluster, by path; None: those of the last prepare. ``checked``
    False: its values may not be known yet, so settings that need each other are not looked at.
    """
    ako_options, release = options_of(view), release_of(view, ours)
    if of_cluster is None:
        of_cluster = (view.fact(AkoValues) or AkoValues()).values
    cluster_values.check(view.config, ako_options, release)
    made = (
        *values.settings(view.config, ako_options, release),
        *cluster_values.stored(ako_options, release, of_cluster),
    )
    try:
        return _decide(view, ours, release, made, checked=checked)
    except refusal.Refusal as error:
        raise values.located(error, made) from None


def intended(view: api.View, ours: settings.Settings) -> tuple[Desired, dict[str, Any]]:
    """Everything that the intent is made of, and the values of the Cluster that need no read, by
    path. Raises Refusal. A change of those values is a change of the intent: prepare follows it."""
    chosen = options_of(view)
    wanted = decide(view, ours, checked=not chosen.values_from)
    alone = cluster_values.of_cluster_alone(chosen)
    raw = view.cluster.raw if view.cluster is not None else {}
    resolved = cluster_values.resolve(alone, wanted.release, raw, {})
    return wanted, {each.row.path: each.value for each in resolved}


def _decide(
    view: api.View,
    ours: settings.Settings,
    release: Release,
    made: tuple[values.Setting, ...],
    *,
    checked: bool,
) -> Desired:
    ako_options = options_of(view)
    adc, rest = values.applied(view.config, made)
    try:
        spec = config.decode(adc)
        ako_options = _with_fields(ako_options, adc) if made else ako_options
    except structs.DecodeError as error:
        raise refusal.Refusal("ConfigInvalid", str(error)) from error
    placement = view.fact(api.LoadBalancerPlacement)
    try:
        networks = ako_networks.decode(adc, structs.to_object(ako_options))
    except structs.DecodeError as error:
        raise refusal.Refusal("ConfigInvalid", str(error)) from error
    awaited = api.LoadBalancerPlacement.fact_name in view.awaited
    placed = awaited or (placement is not None and bool(placement.networks))
    if checked:
        checks.check(spec, ako_options, release, placed=placed)
        pod.check(spec.extra_configs.log, rest.pod, istio=bool(spec.extra_configs.istio_enabled))
    tenant = view.fact(api.LoadBalancerTenant)
    if tenant is not None:
        spec = structs.replace(spec, tenant=structs.replace(spec.tenant, name=tenant.name))
    if view.cluster is not None and checked:
        family.check(view.cluster.raw, spec.extra_configs.ip_family)
    fit.check(view, release, ours.table)
    return Desired(
        cluster_name=view.spec.ako_cluster_name,
        release=release,
        spec=spec,
        options=ako_options,
        settings=ours,
        networks=(placement.ako if placement else None) or networks,
        placement=placement,
        delete_config=delete_config(view),
        values=rest,
    )


def delete_config(view: api.View) -> bool:
    """True when AKO is to delete its Avi objects. Never in the management cluster.

    While the cluster leaves: from the moment it is confirmed, so that this and drain (which sets
    the key) never disagree. While it lives: only by the ancestor's label on the Cluster.
    """
    if in_management_cluster(view):
        return False
    if view.spec.leaving is not None:
        return view.spec.leaving.confirmed_at is not None
    labels = view.cluster.labels if view.cluster else {}
    return labels.get(names.DELETE_CONFIG_LABEL) == "true"


def in_management_cluster(view: api.View) -> bool:
    """By the record, since the Cluster object may be gone."""
    return view.spec.cluster_ref.namespace == core_names.MANAGEMENT_NAMESPACE


def _with_fields(ako_options: options.Options, adc: structs.JSON) -> options.Options:
    """The options, with those that values of the chart set."""
    section = adc["spec"].get("plugins", {}).get("ako", {})
    return structs.convert(
        structs.to_object(ako_options) | section, options.Options, path="spec.plugins.ako"
    )


def options_of(view: api.View) -> options.Options:
    """``spec.plugins.ako``, or its defaults."""
    decoded = view.plugin_config
    return decoded if isinstance(decoded, options.Options) else options.Options()
