"""The verdict on an object on Avi: own, suspect or foreign. Pure; nothing is deleted without it.

An own object fulfils all conditions. Its marker clustername is exactly [X]. Its name and created_by
are those that one writer gives to this kind for X (:mod:`akoo_avi.ownership.writers`). Its cloud,
if the kind has one, is ours. An object that fulfils only some of them is a suspect: it is listed
and never deleted. An object whose marker names another cluster is foreign whatever its name looks
like: names can contain each other.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from akoo_avi.ownership import kinds, marks, references, writers
from akoo_avi.spec import names
from akoo_core.plugin import structs

VerdictKind = Literal["own", "suspect", "foreign"]


class Verdict(NamedTuple):
    """The verdict and its reason: a part of a sentence, for people."""

    kind: VerdictKind
    why: str
    outside: bool = False
    """A suspect that only its tenant keeps from being own: nobody named that tenant."""


class _Signs(NamedTuple):
    """Signs that agree (True), contradict (False), or do not exist for this kind (None)."""

    marker: bool
    created_by: bool | None
    name: bool
    cloud: bool | None


def judge(kind: str, obj: structs.JSON, mark: marks.Mark) -> Verdict:
    """The verdict on ``obj``, of the kind with path ``kind``.

    Raises KeyError for a kind that is not in the table: an unknown kind has no rules.
    """
    named = marks.values(obj, names.CLUSTER_MARKER)
    flat = {value for marker in named for value in marker}
    if named and mark.cluster_name not in flat:
        others = ", ".join(sorted(flat)) or "nothing"
        return Verdict("foreign", f"its marker clustername names {others}")
    signs = _signs(kinds.BY_PATH[kind], obj, mark, named)
    author = _created_by(kinds.BY_PATH[kind], obj)
    if not (flat or signs.name or writers.authors(mark.cluster_name).fullmatch(author)):
        return Verdict("foreign", "nothing on it names this cluster")
    if not all(sign is not False for sign in signs):
        return Verdict("suspect", _missing(kinds.BY_PATH[kind], obj, mark, signs))
    if outside := outside_of(mark, obj):
        return Verdict("suspect", outside, outside=True)
    if not mark.exclusive:
        name = mark.cluster_name
        return Verdict("suspect", f'all marks agree, but others use the name "{name}", too')
    return Verdict("own", _agreeing(kinds.BY_PATH[kind], obj, mark))


def outside_of(mark: marks.Mark, obj: structs.JSON) -> str:
    """The reason why all marks are not enough in the tenant of an object; "" if they are."""
    if marks.in_tenant(mark, obj):
        return ""
    tenant = references.name_of(obj.get("tenant_ref")) or "none"
    return (
        f"all marks agree, but nobody named tenant {tenant}, where another AKO may have the name "
        f'"{mark.cluster_name}"'
    )


def _signs(
    kind: kinds.AviKind, obj: structs.JSON, mark: marks.Mark, named: tuple[tuple[str, ...], ...]
) -> _Signs:
    forms = writers.forms(kind.path, mark.cluster_name)
    name, author = str(obj.get("name") or ""), _created_by(kind, obj)
    named_so = [form for form in forms if form.name.fullmatch(name)]
    created_by: bool | None = None
    if author or any(form.author_in != "none" for form in named_so or forms):
        created_by = any(form.takes_author(author) for form in named_so or forms)
    cloud: bool | None = None
    if kind.cloud_scoped and mark.cloud_uuid:
        cloud = references.uuid_of(obj.get("cloud_ref")) == mark.cloud_uuid
    return _Signs(
        marker=named == ((mark.cluster_name,),),
        created_by=created_by,
        name=bool(named_so),
        cloud=cloud,
    )


def _created_by(kind: kinds.AviKind, obj: structs.JSON) -> str:
    """The field, or its substitute on a StringGroup: a marker with exactly one value."""
    if kind.has_created_by:
        return str(obj.get("created_by") or "")
    if kind.path != "stringgroup":
        return ""
    authors = marks.values(obj, marks.CREATED_BY_KEY)
    return authors[0][0] if len(authors) == 1 and len(authors[0]) == 1 else ""


def _missing(kind: kinds.AviKind, obj: structs.JSON, mark: marks.Mark, signs: _Signs) -> str:
    """The marks that do not agree, in words."""
    wrong = []
    if not signs.marker:
        markers = marks.values(obj, names.CLUSTER_MARKER)
        wrong.append(f"its marker clustername is {_shown(markers)}, not [{mark.cluster_name}]")
    if not writers.forms(kind.path, mark.cluster_name):
        wrong.append(f"no AKO makes a {kind.model}")
    else:
        if signs.created_by is False:
            wrong.append(_wrong_author(_created_by(kind, obj), mark))
        if not signs.name:
            wrong.append("its name has not the form of this cluster's")
    if signs.cloud is False:
        there = references.name_of(obj.get("cloud_ref"))
        wrong.append(f"it is in cloud {there}" if there else "it is in no cloud")
    return "; ".join(wrong)


def _wrong_author(author: str, mark: marks.Mark) -> str:
    if not author:
        return "no created_by"
    if writers.authors(mark.cluster_name).fullmatch(author):
        return f'created_by "{author}" does not go with its name'
    return f'created_by "{author}" is not of this cluster'


def _shown(markers: tuple[tuple[str, ...], ...]) -> str:
    return " and ".join(f"[{', '.join(values)}]" for values in markers) or "missing"


def _agreeing(kind: kinds.AviKind, obj: structs.JSON, mark: marks.Mark) -> str:
    agreed = [f"marker clustername is [{mark.cluster_name}]"]
    if author := _created_by(kind, obj):
        agreed.append(f"created_by is {author}")
    agreed.append("its name has the form of this cluster's")
    if kind.cloud_scoped and mark.cloud_uuid:
        agreed.append("it is in our cloud")
    return ", ".join(agreed)
