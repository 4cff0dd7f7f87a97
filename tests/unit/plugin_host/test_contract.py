"""Each mistake that pluggy would accept in silence, or report without a place."""

from __future__ import annotations

import functools
from typing import Any, ClassVar

import pytest

from akoo_core import settings, structs
from akoo_core.plugin import api
from akoo_core.plugin.api import hookimpl
from akoo_core.plugin_host import contract
from akoo_core.plugin_host.hooks import HOOKS


class Right(api.Plugin):
    """Every hook, with all, some or none of its arguments."""

    @hookimpl
    def intend(self, view: api.View) -> None: ...
    @hookimpl
    async def prepare(self, ctx: api.VerbContext) -> None: ...
    @hookimpl
    async def drain(self) -> None: ...
    @hookimpl
    def controllers(self) -> tuple[api.ControllerRegistration, ...]:
        return ()

    def helper(self) -> None: ...

    @property
    def property_(self) -> str:
        raise AssertionError("checks must not run the plugin")


class Misspelled(api.Plugin):
    @hookimpl
    async def drian(self) -> None: ...


class FarOff(api.Plugin):
    @hookimpl
    async def something_else(self) -> None: ...


class Unmarked(Right):
    async def drain(self) -> None: ...


class Blocking(api.Plugin):
    @hookimpl
    def drain(self) -> None: ...


class Impure(api.Plugin):
    @hookimpl
    async def intend(self) -> None: ...


class Yielding(api.Plugin):
    @hookimpl
    async def drain(self) -> Any:
        yield


class WrongArgument(api.Plugin):
    @hookimpl
    async def drain(self, context: api.VerbContext) -> None: ...


class WithDefault(api.Plugin):
    @hookimpl
    async def drain(self, ctx: api.VerbContext | None = None) -> None: ...


class Starred(api.Plugin):
    @hookimpl
    async def drain(self, *ctx: api.VerbContext) -> None: ...


class WithOptions(api.Plugin):
    @hookimpl(tryfirst=True)
    async def drain(self) -> None: ...


class Static(api.Plugin):
    @staticmethod
    @hookimpl
    async def drain(ctx: api.VerbContext) -> None: ...


class NotAFunction(api.Plugin):
    drain = functools.partial(print)


class Older(api.Plugin):
    api_version: ClassVar[str] = "0"


class LooseSettings(api.Plugin):
    settings_type: ClassVar[Any] = dict


class Nameless(api.Fact, frozen=True, kw_only=True):
    pass


class Named(api.Fact, frozen=True, kw_only=True):
    fact_name = "Named"


class NamelessFact(api.Plugin):
    provides = (Nameless,)


class TwiceTheFact(api.Plugin):
    requires = (Named, Named)


class NotFacts(api.Plugin):
    accepts: ClassVar[Any] = [Named]


class NotAFolder(api.Plugin):
    manifests = "manifests"


class NotAValue(api.Plugin):
    signals = "signals"


class NotNames(api.Plugin):
    after: ClassVar[Any] = "avi"


class NotRules(api.Plugin):
    rbac: ClassVar[Any] = ({"groups": []},)


class EmptyRule(api.Plugin):
    rbac = (api.RbacRule(groups=("",), resources=("pods",), verbs=()),)


class NotTypes(api.Plugin):
    conditions: ClassVar[Any] = ("not a type",)


class TypeOfTheCore(api.Plugin):
    conditions = ("Held",)


class TypeOfAPlugin(api.Plugin):
    conditions = ("AviReady",)


@pytest.mark.parametrize(
    ("cls", "message"),
    [
        (NotTypes, "NotTypes.conditions must be a tuple of CamelCase types"),
        (TypeOfTheCore, "TypeOfTheCore.conditions has Held, a type of the core"),
        (TypeOfAPlugin, "TypeOfAPlugin.conditions has AviReady, a type of the core"),
        (Misspelled, 'there is no verb "drian"; did you mean "drain"?'),
        (FarOff, 'there is no verb "something_else"; there are: intend, prepare,'),
        (Unmarked, "Unmarked.drain is named like a verb but lacks @hookimpl"),
        (Blocking, 'drain must be "async def"'),
        (Impure, 'intend must not be "async def"'),
        (Yielding, "drain must return its result, not yield"),
        (WrongArgument, "drain has no argument 'context'; there are: ctx"),
        (WithDefault, "drain: argument 'ctx' must have no default"),
        (Starred, "drain must name its arguments plainly, without * and /: *ctx"),
        (WithOptions, "drain: @hookimpl takes no options here (tryfirst)"),
        (Static, "Static.drain must be a plain method"),
        (NotAFunction, "NotAFunction.drain is named like a verb but lacks @hookimpl"),
        (Older, "Older.api_version is '0', this akoo-core speaks '1'"),
        (LooseSettings, "LooseSettings.settings_type must be a StrictStruct class or None"),
        (NamelessFact, "fact Nameless needs a CamelCase fact_name"),
        (TwiceTheFact, "TwiceTheFact.requires names a fact twice"),
        (NotFacts, "NotFacts.accepts must be a tuple of Fact classes"),
        (NotAFolder, "NotAFolder.manifests must be package:folder"),
        (NotAValue, "NotAValue.signals must be module:NAME"),
        (NotNames, "NotNames.after must be a tuple of plugin names"),
        (EmptyRule, "EmptyRule.rbac has a rule without groups, resources or verbs"),
        (NotRules, "NotRules.rbac must be a tuple of RbacRule"),
    ],
)
def test_each_mistake_is_found_with_its_place(cls: type[api.Plugin], message: str) -> None:
    (problem,) = contract.problems("demo", cls)
    place, _, text = problem.partition(": ")
    assert message in text
    if cls is not NotAFunction:
        file, _, line = place.rpartition(":")
        assert file == __file__
        assert int(line) > 0


def test_a_right_plugin_has_no_problems() -> None:
    assert contract.problems("acme-dns2", Right) == ()
    assert contract.problems("demo", api.Plugin) == ()


@pytest.mark.parametrize(
    "name", ["", "Avi", "a_b", "a--b", "-a", "a-", "2a", "all", "none", "core"]
)
def test_names_that_cannot_be(name: str) -> None:
    (problem,) = contract.problems(name, Right)
    assert repr(name) in problem


def test_all_mistakes_are_told_at_once() -> None:
    class Many(Misspelled, Blocking, Older):
        pass

    assert len(contract.problems("none", Many)) == 4


def test_the_hooks_are_those_of_the_reference() -> None:
    assert {verb.name for verb in api.VERBS} == set(HOOKS) - {"controllers", "on_event"}
    assert {name for name, hook in HOOKS.items() if hook.asynchronous} == set(api.TIMEOUT_SECONDS)
    assert HOOKS["verify"].allowed == "Proof, Unverified, Wait, Blocked or None"
    assert HOOKS["drain"].accepts(None)
    assert not HOOKS["drain"].accepts(api.Fenced(grade="Gone", evidence=""))
    assert HOOKS["secret_references"].returns == (tuple,)


def test_a_decorated_verb_is_judged_by_what_runs() -> None:
    def wraps(function: Any) -> Any:
        @functools.wraps(function)
        def call(*args: Any) -> Any:
            return function(*args)

        return call

    class Decorated(api.Plugin):
        @hookimpl
        @wraps
        async def drain(self, ctx: api.VerbContext) -> None: ...

    (problem,) = contract.problems("demo", Decorated)
    assert 'must be "async def"' in problem


class Broker(structs.StrictStruct, frozen=True, kw_only=True):
    """A section below another, which may hold sections like itself."""

    credential: settings.SecretRef
    spare: Broker | None = None


class Secretive(structs.StrictStruct, frozen=True, kw_only=True):
    """Settings that refer to secrets in every way that is allowed."""

    credential: settings.SecretRef
    password: settings.SecretRef | None = None
    tokens: tuple[settings.SecretRef, ...] = ()
    secrets: dict[str, settings.SecretRef] = {}
    token_secret: settings.Reference = ""
    broker: Broker | None = None
    credential_seconds: int = 0


def with_settings(kind: type[structs.StrictStruct]) -> type[api.Plugin]:
    class Configured(api.Plugin):
        settings_type: ClassVar[Any] = kind
        config_type: ClassVar[Any] = kind

    return Configured


def test_a_reference_to_a_secret_is_no_secret() -> None:
    assert contract.problems("right", with_settings(Secretive)) == ()
    place = {"namespace": "a", "name": "b", "key": "c"}
    section = {"credential": place, "tokens": [place], "secrets": {"x": place}, "tokenSecret": "t"}
    decoded = settings.decode(section, Secretive, path="plugins.right")
    assert decoded.credential == settings.SecretRef(namespace="a", name="b", key="c")
    assert (decoded.tokens, decoded.secrets) == ((decoded.credential,), {"x": decoded.credential})


class PlainText(structs.StrictStruct, frozen=True, kw_only=True):
    password: str


class PlainTexts(structs.StrictStruct, frozen=True, kw_only=True):
    password: tuple[str, ...] = ()


class PlainOrReference(structs.StrictStruct, frozen=True, kw_only=True):
    password: settings.SecretRef | str | None = None


class PlainAnything(structs.StrictStruct, frozen=True, kw_only=True):
    password: Any = None


class AroundText(structs.StrictStruct, frozen=True, kw_only=True):
    """A map of lists of sections."""

    accounts: dict[str, tuple[PlainText, ...]] = {}


@pytest.mark.parametrize(
    ("section", "owner"),
    [
        (PlainText, PlainText),
        (PlainTexts, PlainTexts),
        (PlainOrReference, PlainOrReference),
        (PlainAnything, PlainAnything),
        (AroundText, PlainText),
    ],
)
def test_a_field_for_the_text_of_a_secret_is_found_at_any_depth(
    section: type[structs.StrictStruct], owner: type[structs.StrictStruct]
) -> None:
    of_settings, of_config = contract.problems("right", with_settings(section))
    assert of_settings == of_config
    assert f"{owner.__name__}.password would hold a secret; refer to one" in of_settings
    assert of_settings.startswith(f"{__file__}:")


def annotated(*annotations: Any) -> type[api.Plugin]:
    class Annotated(api.Plugin):
        pass

    Annotated.annotations = annotations
    return Annotated


def annotation(**changes: Any) -> api.PluginAnnotation:
    fields: dict[str, Any] = {"name": "rotate", "help": "Rotate.", "effects": ("It rotates.",)}
    return api.PluginAnnotation(**(fields | changes))


def flag(name: str) -> api.AnnotationFlag:
    return api.AnnotationFlag(name=name, help="x")


@pytest.mark.parametrize(
    ("annotations", "message"),
    [
        (("rotate",), "must be a tuple of PluginAnnotation"),
        ((annotation(), annotation(value="x")), "names an annotation twice"),
        ((annotation(name="Rotate"),), "'Rotate' takes lower case letters, digits and single"),
        ((annotation(name="a.b"),), "'a.b' takes lower case letters"),
        ((annotation(value=""),), "'' takes lower case letters"),
        ((annotation(value="a,b"),), "'a,b' takes lower case letters"),
        ((annotation(flags=(flag("x"), flag("x"))),), "has a word twice"),
        ((annotation(flags=(flag("requested"),)),), "has a word twice"),
        ((annotation(flags=(flag("yes"),)),), "cannot have the flag 'yes'"),
        ((annotation(flags=(flag("config"),)),), "cannot have the flag 'config'"),
        ((annotation(help=" "),), "needs its help, and the effects"),
        ((annotation(effects=()),), "needs its help, and the effects"),
        ((annotation(effects="It rotates."),), "has a value of another type"),
        ((annotation(name=7),), "7 has a value of another type"),
        ((annotation(flags=("x",)),), "has a value of another type"),
    ],
)
def test_a_wrong_declaration_of_an_annotation(annotations: Any, message: str) -> None:
    (problem,) = contract.problems("right", annotated(*annotations))
    assert f"{__file__}:" in problem
    assert "Annotated.annotations" in problem
    assert message in problem


def test_a_right_declaration_of_annotations() -> None:
    flags = (flag("compromised"), flag("now-even-if-ako-stops"))
    cls = annotated(annotation(), annotation(name="renew", flags=flags, fleet=True))
    assert contract.problems("right", cls) == ()


@pytest.mark.parametrize("name", ["yes", "record", "config", "kubeconfig", "context", "help"])
def test_flags_are_none_of_the_options_of_all_commands(name: str) -> None:
    assert contract.problems("right", annotated(annotation(flags=(flag(name),))))
