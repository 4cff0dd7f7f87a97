"""Typed values and JSON: bases of settings, configs and facts, and their decoding."""

from akoo_core.kube.access.plainyaml import NotPlainError
from akoo_core.kube.access.plainyaml import load as decode_plain_yaml
from akoo_core.structs import (
    JSON,
    DecodeError,
    FieldShape,
    Meta,
    StrictStruct,
    Struct,
    convert,
    decode_json,
    encode_json,
    encode_yaml,
    field,
    fields,
    replace,
    to_object,
    to_plain,
    without_empty,
)

__all__ = [
    "JSON",
    "DecodeError",
    "FieldShape",
    "Meta",
    "NotPlainError",
    "StrictStruct",
    "Struct",
    "convert",
    "decode_json",
    "decode_plain_yaml",
    "encode_json",
    "encode_yaml",
    "field",
    "fields",
    "replace",
    "to_object",
    "to_plain",
    "without_empty",
]
