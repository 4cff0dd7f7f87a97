"""Checks of the parts of AKO's Pod that a config sets, by the rules of API servers; pure.

A server would refuse the StatefulSet alone: AKO would run on, beside a ConfigMap that it has not
read.
"""

from __future__ import annotations

import decimal
import re
from collections.abc import Iterator
from typing import Any, Final

from akoo_ako import options
from akoo_ako.refusals.refusal import Refusal, invalid
from akoo_ako.releases.release import Image
from akoo_core.plugin import structs

_PATH: Final = "spec.plugins.ako"
_NAME: Final = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_LABEL: Final = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_DOMAIN: Final = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_LONGEST_LABEL: Final = 63
_LONGEST: Final = 253
_TAG: Final = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_QUANTITY: Final = re.compile(
    r"\+?(?P<number>\d+\.?\d*|\.\d+)(?P<unit>[eE][+-]?\d{1,2}|[KMGTPE]i|[numkMGTPE])?", re.ASCII
)
_BINARY: Final = "KMGTPE"
_DECIMAL: Final = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_RESOURCES: Final = frozenset({"cpu", "memory", "ephemeral-storage"})
_HUGEPAGES: Final = "hugepages-"
_MOST: Final = 2**53
"""Servers count a resource in thousandths of 64 bits."""
_INT64: Final = 2**63
_TOLERATION: Final = frozenset({"key", "operator", "value", "effect", "tolerationSeconds"})
_EFFECTS: Final = ("NoSchedule", "PreferNoSchedule", "NoExecute")


def problems(chosen: options.Options) -> Iterator[Refusal]:
    """A Refusal for each part that a server would refuse."""
    yield from _image(chosen.image, f"{_PATH}.image")
    yield from _image(chosen.gateway_image, f"{_PATH}.gatewayImage")
    yield from _node_selector(chosen.node_selector)
    for index, toleration in enumerate(chosen.tolerations):
        problem = _toleration(toleration)
        if problem:
            yield invalid(f"{_PATH}.tolerations[{index}]", problem)
    yield from resource_problems(chosen.resources, f"{_PATH}.resources")


def quantity(value: object) -> decimal.Decimal | None:
    """The number of a quantity such as 350m, 1Gi or 2; None for a value that is none."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    match = _QUANTITY.fullmatch(str(value))
    if match is None:
        return None
    number, unit = decimal.Decimal(match["number"]), match["unit"] or ""
    if unit.endswith("i"):
        return number * decimal.Decimal(1024) ** (_BINARY.index(unit[0]) + 1)
    return number.scaleb(int(unit[1:]) if unit[1:] else _DECIMAL.get(unit, 0))


def _image(image: Image, path: str) -> Iterator[Refusal]:
    if image.repository and (re.search(r"[\s@]|://", image.repository)):
        yield invalid(f"{path}.repository", f"{image.repository!r} is no image without a tag.")
    if image.tag and not _TAG.fullmatch(image.tag):
        yield invalid(f"{path}.tag", f"{image.tag!r} is no tag such as 2.1.1.")
    if image.digest and not _DIGEST.fullmatch(image.digest):
        yield invalid(f"{path}.digest", f"{image.digest!r} is no digest such as sha256:... .")


def _node_selector(labels: dict[str, str]) -> Iterator[Refusal]:
    for key, value in labels.items():
        if not is_key(key):
            yield invalid(f"{_PATH}.nodeSelector", f"{key!r} is no key of a label.")
        if not is_label_value(value):
            yield invalid(f"{_PATH}.nodeSelector", f"{value!r} is no value of the label {key}.")


def is_key(text: str) -> bool:
    """``name`` or ``domain/name``, as keys of labels are."""
    domain, slash, name = text.rpartition("/")
    return bool(_NAME.fullmatch(name)) and (not slash or is_subdomain(domain))


def is_label_value(text: str) -> bool:
    """A value of a label; "" is one."""
    return not text or bool(_NAME.fullmatch(text))


def is_label(text: str) -> bool:
    """A label of a DNS name, as names of containers are."""
    return len(text) <= _LONGEST_LABEL and bool(re.fullmatch(_LABEL, text))


def is_port_name(text: str) -> bool:
    """A name of a port: at most 15 small letters, digits and single dashes, one letter at least."""
    return bool(re.fullmatch(r"(?=.{1,15}$)(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*", text, re.ASCII))


def is_subdomain(text: str) -> bool:
    """Labels of a DNS name with dots between, as most names of objects are."""
    return len(text) <= _LONGEST and bool(_DOMAIN.fullmatch(text))


def _toleration(toleration: Any) -> str:
    """The reason why a server would refuse it, or ""."""
    if not isinstance(toleration, dict):
        return "is no object with key, operator, value and effect."
    unknown = sorted(set(toleration) - _TOLERATION)
    if unknown:
        return f"has {unknown[0]!r}, which is none of {', '.join(sorted(_TOLERATION))}."
    texts = {name: toleration.get(name) or "" for name in _TOLERATION - {"tolerationSeconds"}}
    wrong = next((name for name, text in sorted(texts.items()) if not isinstance(text, str)), "")
    if wrong:
        return f"has a {wrong} that is no text."
    seconds = toleration.get("tolerationSeconds")
    if seconds is not None and (isinstance(seconds, bool) or not isinstance(seconds, int)):
        return "has tolerationSeconds that are no whole number."
    if seconds is not None and not -_INT64 <= seconds < _INT64:
        return "has tolerationSeconds that do not fit into 64 bits."
    if seconds is not None and texts["effect"] != "NoExecute":
        return "has tolerationSeconds, which only effect NoExecute takes."
    return _taint(texts["key"], texts["operator"], texts["value"], texts["effect"])


def _taint(key: str, operator: str, value: str, effect: str) -> str:
    if operator not in ("", "Equal", "Exists"):
        return "has an operator that is neither Equal nor Exists."
    if effect not in ("", *_EFFECTS):
        return f"has an effect that is none of {', '.join(_EFFECTS)}."
    if key and not is_key(key):
        return f"has the key {key!r}, which is no key of a taint."
    if not key and operator != "Exists":
        return "has no key. Name one, or set operator: Exists."
    if value and operator == "Exists":
        return "has a value, which operator Exists does not take."
    if value and not _NAME.fullmatch(value):
        return f"has the value {value!r}, which is no value of a taint."
    return ""


def resource_problems(resources: structs.JSON, path: str) -> Iterator[Refusal]:
    """A Refusal for each figure of a container's resources that a server would refuse."""
    read: dict[tuple[str, str], decimal.Decimal] = {}
    for kind, figures in resources.items():
        if kind not in ("limits", "requests"):
            yield invalid(f"{path}.{kind}", "is neither limits nor requests.")
        elif figures is not None and not isinstance(figures, dict):
            yield invalid(f"{path}.{kind}", "is no object such as {cpu: 350m, memory: 400Mi}.")
        for name, value in figures.items() if isinstance(figures, dict) else ():
            number = quantity(value)
            if not _is_resource(name):
                yield invalid(f"{path}.{kind}", f"{name!r} is no resource such as cpu or memory.")
            elif number is None:
                yield invalid(f"{path}.{kind}.{name}", f"{value!r} is no quantity such as 400Mi.")
            else:
                read[kind, name] = number
    yield from _figures(path, read)


def _figures(path: str, read: dict[tuple[str, str], decimal.Decimal]) -> Iterator[Refusal]:
    """Refusals of numbers, by ``limits`` or ``requests`` and by resource."""
    for (kind, name), figure in read.items():
        problem = "" if _is_shared(name) else _whole(name, figure)
        if not problem and kind == "requests":
            problem = _within(name, figure, read.get(("limits", name)))
        if problem:
            yield invalid(f"{path}.{kind}.{name}", problem)
    named = {name for _, name in read}
    if any(name.startswith(_HUGEPAGES) for name in named) and not named & {"cpu", "memory"}:
        yield invalid(path, "has huge pages, which need cpu or memory beside them.")


def _whole(name: str, figure: decimal.Decimal) -> str:
    """The reason why a server would refuse so much of a resource that is not shared, or ""."""
    if not _is_whole(figure) or figure > _MOST:
        return f"is no whole number up to {_MOST}."
    if name.startswith(_HUGEPAGES) and int(figure) % _page_size(name):
        return "is no multiple of the size of a page."
    return ""


def _within(name: str, figure: decimal.Decimal, limit: decimal.Decimal | None) -> str:
    """The reason why a server would refuse to request so much, or ""."""
    if limit is not None and figure > limit:
        return "is more than its limit."
    if not _is_shared(name) and figure != limit:
        return "differs from its limit. Containers do not share such a resource."
    return ""


def _is_whole(figure: decimal.Decimal) -> bool:
    return figure == figure.to_integral_value()


def _is_resource(name: str) -> bool:
    """True for a resource of a container."""
    if name.startswith(_HUGEPAGES) and "/" not in name:
        return bool(_page_size(name))
    if name in _RESOURCES or "/" not in name:
        return name in _RESOURCES
    if _is_shared(name):
        return is_key(name)
    return not name.startswith("requests.") and is_key(f"requests.{name}")


def _is_shared(name: str) -> bool:
    """True for a resource of which containers may request less than their limit."""
    return name in _RESOURCES or "kubernetes.io/" in name


def _page_size(name: str) -> int:
    """The bytes of ``hugepages-2Mi``; 0 for a name without a size."""
    size = quantity(name.removeprefix(_HUGEPAGES))
    return int(size) if size is not None and _is_whole(size) and size <= _MOST else 0
