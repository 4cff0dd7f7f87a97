"""The language in which the kinds are written down, and what it is read into.

A table is text. A line that starts at the margin opens a message, `Name:`, a kind,
`path Model flags:`, or a list of words, `words Name:`; indented lines hold its fields or words,
separated by blanks. `#` begins a comment. A kind's permission is its path unless a flag says else.

    Server:
        ip!:IpAddr port:int enabled:bool=true description
    pool Pool tenant cloud created_by markers permission=POOL:
        name! default_server_port:int=80 servers:[Server] vrf_ref:>vrfcontext

A field is `name[!][:type][=default][@since][~until]`: `!` required, `@22.1.1` the first release
that has it, `~22.1.1` the first that has it no more. A default `=&port` is the value of `port`.

    str (if no type is given)  int  float  bool (default false)  bool? (no default)  any (JSON)
    secret  never read back          masked  read back as <sensitive>
    A|B|C   one of these words       >kind   a reference       [type]  a list
    Name    a message, or one of a list of words; of a message `=+` fills in its defaults even if
            it is not given
"""

import dataclasses
import enum
import typing
from collections.abc import Iterable, Iterator

from akoo_testbed.avisim import versions

Json = dict[str, typing.Any]


class Form(enum.Enum):
    """The form of a single value."""

    STRING = "str"
    INTEGER = "int"
    NUMBER = "float"
    BOOLEAN = "bool"
    ANY = "any"
    SECRET = "secret"  # noqa: S105 - the name of a form
    MASKED = "masked"
    WORD = "word"
    REFERENCE = "reference"
    MESSAGE = "message"


@dataclasses.dataclass(slots=True, eq=False)
class Field:
    """One field. `target` is the kind of a reference, `message` the name of a message."""

    name: str
    form: Form
    repeated: bool = False
    required: bool = False
    default: typing.Any = None
    same_as: str = ""
    """The field whose value is the default."""
    since: versions.Version = versions.OLDEST
    until: versions.Version | None = None
    words: frozenset[str] = frozenset()
    target: str = ""
    message: str = ""

    def exists_in(self, version: versions.Version) -> bool:
        """True if a controller of this release knows the field."""
        return self.since <= version and (self.until is None or version < self.until)


@dataclasses.dataclass(slots=True, eq=False)
class Message:
    """A group of fields."""

    name: str
    fields: dict[str, Field] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(slots=True, eq=False)
class Kind(Message):
    """A message with a collection of its own under /api/."""

    path: str = ""
    tenant: bool = False
    """Belongs to a tenant: has tenant_ref."""
    cloud: bool = False
    """Belongs to a cloud: has cloud_ref."""
    permission: str = ""
    """Privilege that guards it, without PERMISSION_; empty: superusers only."""
    shared: str = ""
    """Objects of tenant admin that other tenants see: "" none, "system" those that came with the
    controller or are named System-*, "all"."""
    unique: str = "name"
    """"name" within tenant (and cloud); "unbacked": among those that discovery did not make;
    "" not at all."""
    singleton: bool = False
    readonly: bool = False
    """Made by the controller only."""
    since: versions.Version = versions.OLDEST


class Schema:
    """All kinds and messages."""

    def __init__(self, tables: Iterable[str]) -> None:
        self.messages: dict[str, Message] = {}
        self.kinds: dict[str, Kind] = {}
        self.models: dict[str, Kind] = {}
        self._words: dict[str, frozenset[str]] = {}
        self._shaped: dict[tuple[int, versions.Version], tuple[Field, ...]] = {}
        for table in tables:
            for message in _read(table):
                self._add(message)
        self._check()
        self.special = {id(m): tuple(self._special(m)) for m in self._all()}

    def _add(self, message: Message) -> None:
        if message.name.startswith(_WORDS):
            self._words[message.name.removeprefix(_WORDS)] = frozenset(message.fields)
        elif isinstance(message, Kind):
            self.kinds[message.path] = self.models[message.name] = message
        elif message.name in self.messages:
            raise ValueError(f"message {message.name} is defined twice")
        else:
            self.messages[message.name] = message

    def _all(self) -> Iterator[Message]:
        yield from self.messages.values()
        yield from self.kinds.values()

    def _check(self) -> None:
        for message in self._all():
            for field in message.fields.values():
                where = f"{message.name}.{field.name}"
                if field.message in self._words:
                    field.form, field.words = Form.WORD, self._words[field.message]
                if field.form is Form.MESSAGE and field.message not in self.messages:
                    raise ValueError(f"{where}: no message {field.message}")
                if field.form is Form.REFERENCE and field.target not in self.kinds:
                    raise ValueError(f"{where}: no kind {field.target}")

    def specials(self, message: Message) -> tuple[Field, ...]:
        """Fields that do not go out as stored: references, secrets, and what holds such."""
        return self.special[id(message)]

    def shaped(self, message: Message, version: versions.Version) -> tuple[Field, ...]:
        """The special fields, and those that are newer than a version or hold such fields."""
        key = id(message), version
        if key not in self._shaped:
            special = self.specials(message)
            self._shaped[key] = tuple(
                field
                for field in message.fields.values()
                if field in special or self._is_newer(field, version, {message.name})
            )
        return self._shaped[key]

    def _is_newer(self, field: Field, version: versions.Version, seen: set[str]) -> bool:
        if field.since > version:
            return True
        if field.form is not Form.MESSAGE or field.message in seen:
            return False
        inner = self.messages[field.message].fields.values()
        return any(self._is_newer(each, version, seen | {field.message}) for each in inner)

    def _special(self, message: Message) -> Iterator[Field]:
        for field in message.fields.values():
            if self._is_special(field, {message.name}):
                yield field

    def _is_special(self, field: Field, seen: set[str]) -> bool:
        if field.form in (Form.REFERENCE, Form.SECRET, Form.MASKED):
            return True
        if field.form is not Form.MESSAGE or field.message in seen:
            return False
        inner = self.messages[field.message].fields.values()
        return any(self._is_special(each, seen | {field.message}) for each in inner)


def _read(table: str) -> Iterator[Message]:
    message: Message | None = None
    for line in table.splitlines():
        text = line.partition("#")[0].rstrip()
        if not text.strip():
            continue
        if not text[0].isspace():
            if message is not None:
                yield message
            message = _header(text.removesuffix(":").split())
            continue
        if message is None:
            raise ValueError(f"fields before any message: {line}")
        for word in text.split():
            field = _field(word)
            message.fields[field.name] = field
    if message is not None:
        yield message


_WORDS = "words "
_KIND_WORDS = ("url", "uuid", "_last_modified")


def _header(words: list[str]) -> Message:
    if len(words) == 1 or words[0] == _WORDS.strip():
        return Message(" ".join(words))
    kind = Kind(words[1], path=words[0], permission=words[0].upper())
    extra = list(_KIND_WORDS)
    for flag in words[2:]:
        name, _, value = flag.partition("=")
        if name == "created_by":
            extra.append("created_by")
        elif name == "markers":
            extra.append("markers:[RoleFilterMatchLabel]@20.1.5")
        elif name in ("permission", "shared", "unique"):
            setattr(kind, name, "" if value == "none" else value)
        elif name == "since":
            kind.since = versions.parse(value)
        elif name in ("tenant", "cloud", "singleton", "readonly"):
            setattr(kind, name, True)
        else:
            raise ValueError(f"{kind.path}: no flag {flag}")
    if kind.tenant:
        extra.append("tenant_ref:>tenant")
    if kind.cloud:
        extra.append("cloud_ref:>cloud=Default-Cloud")
    extra.append("configpb_attributes:any@21.1.1")
    kind.fields = {field.name: field for field in map(_field, extra)}
    return kind


def _field(word: str) -> Field:
    text, _, until = word.partition("~")
    text, _, since = text.partition("@")
    text, has_default, default = text.partition("=")
    name, _, kind = text.partition(":")
    field = Field(name.removesuffix("!"), Form.STRING, required=name.endswith("!"))
    if since:
        field.since = versions.parse(since)
    if until:
        field.until = versions.parse(until)
    if kind.startswith("["):
        field.repeated, kind = True, kind[1:-1]
    _set_form(field, kind or "str")
    if default.startswith("&"):
        field.same_as = default[1:]
    elif has_default:
        field.default = _default(field.form, default)
    return field


def _set_form(field: Field, kind: str) -> None:
    if kind == "bool":
        field.form = Form.BOOLEAN
        field.default = None if field.repeated or field.required else False
    elif kind == "bool?":
        field.form = Form.BOOLEAN
    elif kind.startswith(">"):
        field.form, field.target = Form.REFERENCE, kind[1:]
    elif "|" in kind:
        field.form, field.words = Form.WORD, frozenset(kind.split("|"))
    elif kind in ("str", "int", "float", "any", "secret", "masked"):
        field.form = Form(kind)
    else:
        field.form, field.message = Form.MESSAGE, kind


def _default(form: Form, text: str) -> typing.Any:
    match form:
        case Form.INTEGER:
            return int(text)
        case Form.NUMBER:
            return float(text)
        case Form.BOOLEAN:
            return text == "true"
        case _:
            return text
