"""reference/record.md names every field, phase, cause, annotation and column of a record."""

from __future__ import annotations

import pathlib
import re
import typing
from collections.abc import Callable, Iterator
from typing import Any

import yaml

from akoo_core import structs
from akoo_core.objects import conditions, config, names, record

Rows = Callable[[str, str], list[tuple[str, ...]]]

PAGE = "reference/record.md"
CRD = pathlib.Path(__file__).parents[3] / "deploy/crds/akodeployments.yaml"


def codes(text: str) -> list[str]:
    return re.findall(r"`([^`]*)`", text)


def below(kind: Any) -> type[structs.Struct] | None:
    """The struct in a field's type: itself, optional, or in a list or map."""
    if isinstance(kind, type) and issubclass(kind, structs.Struct):
        return kind
    structs_of = (below(member) for member in typing.get_args(kind))
    return next((struct for struct in structs_of if struct is not None), None)


def fields(kind: type[structs.Struct]) -> Iterator[tuple[str, list[str]]]:
    """Each field of a struct, with the fields below it."""
    for field in structs.fields(kind):
        inner = below(field.type)
        yield field.key, [two.key for two in structs.fields(inner)] if inner else []


def table(rows: list[tuple[str, ...]]) -> list[tuple[str, list[str]]]:
    return [(row[0].strip("`"), codes(row[1])) for row in rows]


def test_fields_of_spec(rows: Rows) -> None:
    assert table(rows(PAGE, "## spec")) == list(fields(record.RecordSpec))


def test_fields_of_leaving(rows: Rows) -> None:
    assert table(rows(PAGE, "## spec.leaving")) == list(fields(record.Leaving))


def test_fields_of_status(rows: Rows) -> None:
    assert table(rows(PAGE, "## status")) == list(fields(record.RecordStatus))
    assert below(tuple[conditions.Condition, ...]) is conditions.Condition


def test_policies_are_those_of_the_config(rows: Rows) -> None:
    spec = dict(table(rows(PAGE, "## spec")))
    assert spec["policies"] == [field.key for field in structs.fields(config.Policies)]


def first(rows: list[tuple[str, ...]]) -> list[str]:
    return [row[0].strip("`") for row in rows]


def test_phases(rows: Rows) -> None:
    assert first(rows(PAGE, "## Phases")) == list(typing.get_args(record.Phase))


def test_causes_and_reasons_of_letting_go(rows: Rows) -> None:
    assert first(rows(PAGE, "## Causes")) == list(typing.get_args(record.Cause))
    why = typing.get_args(typing.get_type_hints(record.StoredLetGo)["why"])
    assert first(rows(PAGE, "## Why a Cluster was let go")) == list(why)


def test_annotations(rows: Rows) -> None:
    on_record = {
        value
        for name, value in vars(names).items()
        if name.endswith("_ANNOTATION") and value.startswith("akoo.io/")
    } - {names.RECORD_ANNOTATION, names.OPT_OUT_ANNOTATION, names.UPGRADING_ANNOTATION}
    documented = {codes(row[0])[0].partition("=")[0] for row in rows(PAGE, "## Annotations")}
    assert documented == on_record


def test_marks_elsewhere(rows: Rows) -> None:
    marks = {names.FINALIZER, names.RECORD_FINALIZER, names.RECORD_ANNOTATION}
    marks |= {names.OPT_OUT_ANNOTATION, names.UPGRADING_ANNOTATION}
    marks |= {names.RECORD_LABEL, names.MANAGED_BY_LABEL}
    marks |= {names.LOAD_BALANCER_READY, names.MOVE_LABEL}
    assert {row[0].strip("`") for row in rows(PAGE, "## Marks on objects")} == marks


def test_columns(rows: Rows) -> None:
    version = yaml.safe_load(CRD.read_text())["spec"]["versions"][0]
    columns = [
        (column["name"].upper(), f"`{column['jsonPath'].removeprefix('.')}`")
        for column in version["additionalPrinterColumns"]
    ]
    assert [row[:2] for row in rows(PAGE, "## Columns")] == columns
