"""Note the Secrets with the accounts that the ancestor made, so that the journal names them.

Nothing is written to a Secret, and none is read: the note has its name and UID, and those of the
Cluster.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from akoo_ako.installs import kinds
from akoo_ako.installs.seen import metadata_of, name_of, namespace_of
from akoo_ako.migration.estate import Estate, has_finalizer, is_deleting
from akoo_ako.migration.switch import change
from akoo_ako.migration.switch.change import Change
from akoo_ako.migration.switch.journal import Entry, Journal
from akoo_core.plugin import names

NAME: Final = "account"


def forward(estate: Estate, journal: Journal) -> Iterator[Change]:
    """One note a Cluster that was switched and has such a Secret."""
    secrets = {(namespace_of(secret), name_of(secret)): secret for secret in estate.accounts}
    noted = {(entry.namespace, entry.name, entry.uid) for entry in journal.of(NAME)}
    for cluster in estate.clusters:
        if is_deleting(cluster) or not has_finalizer(cluster, names.FINALIZER):
            continue
        key = (namespace_of(cluster), kinds.ACCOUNT_SECRET.format(name_of(cluster)))
        secret = secrets.get(key)
        if secret is None or (*key, metadata_of(secret)["uid"]) in noted:
            continue
        before = {"cluster": name_of(cluster), "clusterUid": metadata_of(cluster)["uid"]}
        yield change.noted(NAME, secret, "noted as the source of the account", before=before)


def backward(entries: Sequence[Entry], estate: Estate) -> Iterator[Change]:
    """Nothing: no Secret was changed."""
    del entries, estate
    yield from ()
