"""The rules for plugin classes, checked before anything of a plugin runs. Pure.

pluggy would accept most of these mistakes in silence: a hook with a misspelled name is never
called, a coroutine where a value is expected is truthy, an argument with a default is not passed.
"""

from __future__ import annotations

import difflib
import functools
import inspect
import re
from collections.abc import Iterator
from types import FunctionType
from typing import Any

from akoo_core import settings, structs
from akoo_core.kube.resource import Resource
from akoo_core.objects import conditions
from akoo_core.plugin import api, commands
from akoo_core.plugin_host.hooks import HOOKS, Hook
from akoo_core.settings import shape

_NAME = re.compile(r"^[a-z]([a-z0-9]*(-[a-z0-9]+)*)$")
_RESERVED = ("all", "none", "core")
_WORD = re.compile(r"^[a-z0-9]+(-[a-z0-9]+)*$")
_COMMAND_OPTIONS = ("yes", "record", "config", "kubeconfig", "context", "help")
_FOLDER = re.compile(r"^[A-Za-z_][\w.]*:[A-Za-z_][\w/]*$")
_VALUE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*\Z")
_FACT_NAME = re.compile(r"^[A-Z][A-Za-z0-9]*$")
_MARK = "akoo_core_impl"
"""The attribute that api.hookimpl leaves on a function."""


def problems(name: str, cls: type[api.Plugin]) -> tuple[str, ...]:
    """The mistakes of a plugin of that name, ``file:line`` before each."""
    return (*_name_problems(name), *_declarations(cls), *_methods(cls))


def _name_problems(name: str) -> Iterator[str]:
    if not _NAME.match(name) or name in _RESERVED:
        yield (
            f"{name!r} cannot be a plugin's name: it takes lower case letters, digits and single "
            f"hyphens, and {', '.join(_RESERVED)} are reserved"
        )


def where(owner: Any) -> str:
    """``file:line`` of a function or class, or its module."""
    return _where(owner)


@functools.cache
def _where(owner: Any) -> str:
    try:
        if isinstance(owner, FunctionType):
            return f"{owner.__code__.co_filename}:{owner.__code__.co_firstlineno}"
        return f"{inspect.getsourcefile(owner)}:{inspect.getsourcelines(owner)[1]}"
    except (OSError, TypeError):
        return str(getattr(owner, "__module__", None) or "no source")


# Declarations: the class attributes.


def _declarations(cls: type[api.Plugin]) -> Iterator[str]:
    if cls.api_version != api.API_VERSION:
        yield (
            f"{where(cls)}: {cls.__name__}.api_version is {cls.api_version!r}, this akoo-core "
            f"speaks {api.API_VERSION!r}; use releases that belong together"
        )
    for attribute in ("settings_type", "config_type"):
        kind = getattr(cls, attribute)
        if kind is not None and not _is_subclass(kind, structs.StrictStruct):
            yield f"{where(cls)}: {cls.__name__}.{attribute} must be a StrictStruct class or None"
        elif kind is not None:
            yield from _secrets_of(kind)
    for attribute in ("provides", "requires", "accepts"):
        yield from _facts(cls, attribute)
    if not _tuple_of(cls.conditions, str) or not all(map(_FACT_NAME.match, cls.conditions)):
        yield f"{where(cls)}: {cls.__name__}.conditions must be a tuple of CamelCase types"
    else:
        for kind in cls.conditions:
            if kind in conditions.OF_THE_CORE or conditions.good(kind) == "True":
                yield f"{where(cls)}: {cls.__name__}.conditions has {kind}, a type of the core"
    if not _tuple_of(cls.after, str):
        yield f"{where(cls)}: {cls.__name__}.after must be a tuple of plugin names"
    yield from _needs(cls)


def _needs(cls: type[api.Plugin]) -> Iterator[str]:
    """The needs of a plugin in the management cluster: manifests, rights, kept Secrets."""
    if not isinstance(cls.manifests, str) or (cls.manifests and not _FOLDER.match(cls.manifests)):
        yield f"{where(cls)}: {cls.__name__}.manifests must be package:folder (my_plugin:manifests)"
    if not isinstance(cls.signals, str) or (cls.signals and not _VALUE.match(cls.signals)):
        yield f"{where(cls)}: {cls.__name__}.signals must be module:NAME (my.signals:SIGNALS)"
    if not _tuple_of(cls.reads, Resource):
        yield f"{where(cls)}: {cls.__name__}.reads must be a tuple of Resource"
    if not _tuple_of(cls.rbac, api.RbacRule):
        yield f"{where(cls)}: {cls.__name__}.rbac must be a tuple of RbacRule"
    elif not all(rule.groups and rule.resources and rule.verbs for rule in cls.rbac):
        yield f"{where(cls)}: {cls.__name__}.rbac has a rule without groups, resources or verbs"
    yield from _annotations(cls)


def _annotations(cls: type[api.Plugin]) -> Iterator[str]:
    at = f"{where(cls)}: {cls.__name__}.annotations"
    if not _tuple_of(cls.annotations, api.PluginAnnotation):
        yield f"{at} must be a tuple of PluginAnnotation"
        return
    names = [annotation.name for annotation in cls.annotations]
    if len(set(names)) != len(names):
        yield f"{at} names an annotation twice"
    for annotation in cls.annotations:
        for problem in annotation_problems(annotation):
            yield f"{at}: {problem}"


def annotation_problems(annotation: api.PluginAnnotation) -> Iterator[str]:
    """The mistakes in a declaration, as sentences."""
    texts = (annotation.name, annotation.value, annotation.help)
    if not (
        _tuple_of(texts, str)
        and _tuple_of(annotation.effects, str)
        and _tuple_of(annotation.flags, api.AnnotationFlag)
    ):
        yield f"{annotation.name!r} has a value of another type than PluginAnnotation says"
        return
    flags = [flag.name for flag in annotation.flags]
    for word in (annotation.name, annotation.value, *flags):
        if not _WORD.match(word):
            yield f"{word!r} takes lower case letters, digits and single hyphens"
    if len({annotation.value, *flags}) != len(flags) + 1:
        yield f"{annotation.name} has a word twice among its value and its flags"
    for flag in flags:
        if flag in _COMMAND_OPTIONS:
            yield f"{annotation.name} cannot have the flag {flag!r}: each command has that option"
    if not annotation.help.strip() or not annotation.effects:
        yield f"{annotation.name} needs its help, and the effects that the command prints first"


def group_problems(group: commands.CommandGroup) -> Iterator[str]:
    """The mistakes in a group of commands, as sentences."""
    names = [command.name for command in group.commands]
    names += [annotation.name for annotation in group.annotations]
    for name in names:
        if not _WORD.match(name):
            yield f"{name!r} takes lower case letters, digits and single hyphens"
        if names.count(name) > 1:
            yield f"it has the command {name} twice"
    if not group.help.strip() or not all(command.help.strip() for command in group.commands):
        yield "it and each of its commands need a help"
    if not names:
        yield "it has no commands"
    for annotation in group.annotations:
        yield from annotation_problems(annotation)


@functools.lru_cache(maxsize=64)
def _secrets_of(section: type[structs.StrictStruct]) -> tuple[str, ...]:
    """``_plain_secrets``, known: tests register the plugins of thousands of processes."""
    return tuple(_plain_secrets(section))


def _plain_secrets(section: type[structs.StrictStruct]) -> Iterator[str]:
    """Fields for the text of a secret, at any depth: every value of one would be refused."""
    for struct in shape.structs_below(section):
        yield from _plain_fields(struct)


def _plain_fields(section: type[structs.StrictStruct]) -> Iterator[str]:
    for field in structs.fields(section):
        if shape.is_structured(field.type):
            continue
        try:
            settings.decode({field.key: "x"}, section, path="")
        except structs.DecodeError as error:
            if error.problem.startswith(settings.REFERENCE_WANTED):
                yield (
                    f"{where(section)}: {section.__name__}.{field.name} would hold a secret; refer "
                    "to one (settings.SecretRef), or name it (settings.Reference)"
                )


def _facts(cls: type[api.Plugin], attribute: str) -> Iterator[str]:
    facts = getattr(cls, attribute)
    if not isinstance(facts, tuple) or not all(_is_subclass(fact, api.Fact) for fact in facts):
        yield f"{where(cls)}: {cls.__name__}.{attribute} must be a tuple of Fact classes"
        return
    for fact in facts:
        if not _FACT_NAME.match(getattr(fact, "fact_name", "")):
            yield f"{where(fact)}: fact {fact.__name__} needs a CamelCase fact_name"
    names = [getattr(fact, "fact_name", "") for fact in facts]
    if len(set(names)) != len(names):
        yield f"{where(cls)}: {cls.__name__}.{attribute} names a fact twice"


def _is_subclass(kind: Any, base: type[Any]) -> bool:
    return isinstance(kind, type) and issubclass(kind, base)


def _tuple_of(value: Any, kind: type[Any]) -> bool:
    return isinstance(value, tuple) and all(isinstance(element, kind) for element in value)


# Methods: which are hooks, and whether their signatures are those of the reference.


def _methods(cls: type[api.Plugin]) -> Iterator[str]:
    for name in dir(cls):
        if name.startswith("__"):
            continue
        attribute = inspect.getattr_static(cls, name)
        function = (
            attribute.__func__ if isinstance(attribute, staticmethod | classmethod) else attribute
        )
        mark = getattr(function, _MARK, None)
        if name not in HOOKS:
            if mark is not None:
                yield _unknown(name, function)
        elif mark is None:
            yield (
                f"{where(function)}: {cls.__name__}.{name} is named like a verb but lacks "
                "@hookimpl; mark it, or give it another name"
            )
        elif function is not attribute or not isinstance(function, FunctionType):
            yield f"{where(function)}: {cls.__name__}.{name} must be a plain method"
        else:
            yield from _signature(HOOKS[name], function, mark)


def _unknown(name: str, method: Any) -> str:
    near = difflib.get_close_matches(name, HOOKS, n=1)
    hint = f'did you mean "{near[0]}"?' if near else f"there are: {', '.join(HOOKS)}"
    return f'{where(method)}: there is no verb "{name}"; {hint}'


def _signature(hook: Hook, function: FunctionType, mark: dict[str, Any]) -> Iterator[str]:
    at = f"{where(function)}: {hook.name}"
    options = sorted(option for option, value in mark.items() if value)
    if options:
        yield f"{at}: @hookimpl takes no options here ({', '.join(options)})"
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        yield f"{at} must return its result, not yield"
    elif inspect.iscoroutinefunction(function) != hook.asynchronous:
        yield f'{at} must {"be" if hook.asynchronous else "not be"} "async def"'
    parameters = list(inspect.signature(function).parameters.values())[1:]
    for parameter in parameters:
        if parameter.kind is not inspect.Parameter.POSITIONAL_OR_KEYWORD:
            yield f"{at} must name its arguments plainly, without * and /: {parameter}"
        elif parameter.name not in hook.arguments:
            yield f"{at} has no argument {parameter.name!r}; there are: {', '.join(hook.arguments)}"
        elif parameter.default is not inspect.Parameter.empty:
            yield f"{at}: argument {parameter.name!r} must have no default"
