"""The releases of AKO as data: the built-in table, rows of the settings, and gates.

A :class:`~akoo_ako.releases.release.Release` holds everything that depends on the release: ranges
of Kubernetes and Avi, keys of the ConfigMap, paths of the chart, rights, images, definitions. A row
(:mod:`~akoo_ako.releases.rows`) says how it differs from another release. The built-in releases
(:mod:`~akoo_ako.releases.builtin`) are rows, too. :mod:`~akoo_ako.releases.loading` merges
rows into a :class:`~akoo_ako.releases.table.Table`. No module here does I/O.
"""
