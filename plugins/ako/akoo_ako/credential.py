"""The account that AKO uses on the Avi Controller, as sources of Secret avi-secret; pure.

The account: the fact WorkloadCredential of another plugin, which is awaited while that plugin may
still give it; else, and once it declined, the config's workloadCredentialRef; else, for an
AKO that was adopted from the Go ancestor, the account that this made for the Cluster; else, in the
management cluster alone, as the ancestor did, the config's adminCredentialRef. The CA: the
fact's; else the config's certificateAuthorityRef; else the same key beside the account. Without a
CA AKO switches TLS verification off and says nothing, so that has to be asked for.
"""

from __future__ import annotations

from akoo_ako import config, desired, installed, names, options
from akoo_ako.installs import kinds
from akoo_ako.refusals import refusal
from akoo_core.plugin import api, structs

USERNAME = "username"
PASSWORD = "password"  # noqa: S105 - the name of a key
CA = "certificateAuthorityData"
ANCESTOR = "Ancestor"
"""The kind of an install that the ancestor deployed; see installs.recognise."""


AWAITED_SECONDS = 60.0
"""Until an account is asked for again that nobody gave; a new fact asks at once."""


def awaited(view: api.View) -> api.Wait | None:
    """A wait for the account that another plugin still may give; None: nothing is awaited.

    AKO with the account of the config meanwhile would be started twice, and might be allowed more.
    """
    if api.WorkloadCredential.fact_name not in view.awaited:
        return None
    return api.Wait(
        reason="CredentialAwaited",
        message=(
            "AKO is deployed after it has an account of its own on the Avi Controller. The plugin "
            "that makes accounts says what is missing."
        ),
        after=AWAITED_SECONDS,
        expected_seconds=300.0,
    )


def secret(view: api.View, spec: config.Spec, ako_options: options.Options) -> api.SecretObject:
    """Secret avi-secret. Raises Refusal when nobody names an account, or a CA."""
    fact = view.fact(api.WorkloadCredential)
    data = _of_fact(fact, spec, ako_options) if fact else _of_config(view, spec, ako_options)
    for key in (USERNAME, PASSWORD):
        data[key] = structs.replace(data[key], single_line=True)
    return api.SecretObject(namespace=names.NAMESPACE, name=names.SECRET, data=data)


def references(view: api.View) -> tuple[api.SecretPair, ...]:
    """(namespace, name) of each Secret in the management cluster that avi-secret is made of.

    Empty for a config that cannot be read or names no account: contribute says why.
    """
    try:
        sources = secret(view, config.decode(view.config), options.Options()).data.values()
    except (refusal.Refusal, structs.DecodeError):
        return ()
    return tuple(sorted({(source.namespace, source.name) for source in sources if source.name}))


def _of_fact(
    fact: api.WorkloadCredential, spec: config.Spec, ako_options: options.Options
) -> dict[str, api.SecretSource]:
    account = {USERNAME: fact.username, PASSWORD: fact.password}
    ca = fact.ca or _source(spec.certificate_authority_ref, CA)
    if ca is not None:
        return {**account, CA: ca}
    if ako_options.insecure_skip_tls_verify:
        return account
    raise refusal.Refusal(
        "CertificateAuthorityMissing",
        "spec.certificateAuthorityRef: without a CA AKO would trust any server that answers as "
        f"the Avi Controller. Name a Secret with the key {CA}, or accept that with "
        "spec.plugins.ako.insecureSkipTLSVerify.",
    )


def _of_config(
    view: api.View, spec: config.Spec, ako_options: options.Options
) -> dict[str, api.SecretSource]:
    of_ancestor = _of_ancestor(view)
    if of_ancestor and not (spec.workload_credential_ref and spec.workload_credential_ref.complete):
        return of_ancestor
    management = desired.in_management_cluster(view)
    for reference in (
        spec.workload_credential_ref,
        spec.admin_credential_ref if management else None,
    ):
        username, password, ca = (_source(reference, key) for key in (USERNAME, PASSWORD, CA))
        if username and password and ca:
            beside = structs.replace(ca, optional=ako_options.insecure_skip_tls_verify)
            named = _source(spec.certificate_authority_ref, CA)
            return {USERNAME: username, PASSWORD: password, CA: named or beside}
    raise refusal.Refusal(
        "CredentialMissing",
        "spec.workloadCredentialRef: AKO has no account on the Avi Controller, so it is not "
        "deployed. Name a Secret with the keys username and password, or load a plugin that "
        "provides accounts.",
    )


def _of_ancestor(view: api.View) -> dict[str, api.SecretSource]:
    """The account that the ancestor made for this Cluster, with the CA beside it; {} for an AKO
    that was not adopted from it.

    Its name and namespace are those of the record's Cluster alone: no config and no Cluster can
    name the account of another one.
    """
    install = view.fact(installed.AkoInstall)
    if view.spec.adoption is None or install is None or install.kind != ANCESTOR:
        return {}
    cluster = view.spec.cluster_ref
    return {
        key: api.SecretSource(
            namespace=cluster.namespace,
            name=kinds.ACCOUNT_SECRET.format(cluster.name),
            key=key,
            of_ancestor=True,
        )
        for key in (USERNAME, PASSWORD, CA)
    }


def _source(secret: api.SecretName | None, key: str) -> api.SecretSource | None:
    return secret.source(key) if secret is not None and secret.complete else None
