"""One login with one vCenter by pyvmomi. Everything here blocks; the only module with pyvmomi.

pyvmomi makes SOAP of a call and objects of an answer. The rest of it is left alone, because of its
behaviour (release 9.1.1):

- its connections: see :mod:`akoo_vsphere.client.transport`;
- SmartConnect looks the API version up without a timeout, and sets a global session;
- SessionOrientedStub repeats creates, and logs in once for each thread that meets a dead session;
- it leaves out fields that the API version does not have, and says nothing;
- bytes that end in the middle are an answer for its parser, if they are given as bytes.

The import takes 0.1 s and 25 MiB: import this module with the first session.
"""

from __future__ import annotations

import datetime
import http.cookies
import io
import re
import xml.parsers.expat
from collections.abc import Mapping
from typing import Any, Final

from pyVmomi import SoapAdapter, VmomiSupport

from akoo_core.plugin import redaction
from akoo_vsphere.client import wire
from akoo_vsphere.client.transport import HttpAnswer, Transport
from akoo_vsphere.client.wire import Exchange, Fault, Ref, SoapCall, StrangeAnswerError

PATH: Final = "/sdk"
COOKIE: Final = "vmware_soap_session"
_VERSIONS_PATH: Final = f"{PATH}/vimServiceVersions.xml"
_NAMESPACE: Final = "urn:vim25"
_VERSION: Final = re.compile(rb"<version>\s*([0-9.]{1,20})\s*</version>")
_FAULT_NAME: Final = re.compile(rb"<detail[^>]*>\s*<(?:\w+:)?(\w{1,80}?)(?:Fault)?[\s/>]")
_DROPPED: Final = frozenset({"dynamicType", "dynamicProperty"})
_FAULT_DROPPED: Final = _DROPPED | {"msg", "faultMessage"}
_MANAGED: Final = VmomiSupport.ManagedObject
_DATA: Final = VmomiSupport.DataObject


class _Deserializer(SoapAdapter.SoapResponseDeserializer):  # type: ignore[misc]
    """pyvmomi's parser of answers, which remembers whether it saw one."""

    def __init__(self, stub: Any, method: str) -> None:
        super().__init__(stub)
        self._response = f"{method}Response"
        self.answered = False

    def StartElementHandler(self, tag: str, attr: Any) -> None:  # noqa: N802 - expat's handler
        if tag.rpartition(" ")[2] == self._response or tag.endswith(self._response):
            self.answered = True
        super().StartElementHandler(tag, attr)


class PyvmomiSession:
    """The SOAP of one session. Its calls may come from several threads at once."""

    def __init__(self, transport: Transport, version: str) -> None:
        self._transport = transport
        self._stub = SoapAdapter.SoapStubAdapterBase(version)
        self._stub.requestContext = None
        self._cookie = ""

    @classmethod
    def negotiated(cls, transport: Transport, exchange: Exchange) -> PyvmomiSession:
        """A session, not logged in, with the newest API version that both sides know."""
        answer = transport.request("GET", _VERSIONS_PATH, exchange)
        offered = {match.decode() for match in _VERSION.findall(answer.body)}
        if answer.status != 200 or b"urn:vim25" not in answer.body or not offered:
            raise StrangeAnswerError("it names no version of the vSphere API", status=answer.status)
        for version in VmomiSupport.GetServiceVersions("vim25"):
            if VmomiSupport.GetVersionNamespace(version).partition("/")[2] in offered:
                return cls(transport, version)
        raise StrangeAnswerError(
            "it speaks no version of the vSphere API that is known here", status=answer.status
        )

    @property
    def api_version(self) -> str:
        """The API version that client and server agreed on (``8.0.3.0``)."""
        return str(VmomiSupport.GetVersionNamespace(self._stub.version).partition("/")[2])

    def call(self, call: SoapCall, exchange: Exchange) -> Any:
        """The result as a plain value. Raises Fault, LostError, StrangeAnswerError, TlsError,
        UnknownToReleaseError."""
        info = _method(call.method)
        if not VmomiSupport.IsChildVersion(self._stub.version, info.version):
            raise wire.UnknownToReleaseError(f"{call.method} is newer than {self.api_version}")
        body = self._stub.SerializeRequest(
            self._object(call.target),
            info,
            [self._typed(call.arguments.get(param.name), param.type) for param in info.params],
        )
        headers = {"SOAPAction": self._stub.versionId, "Content-Type": "text/xml; charset=utf-8"}
        if self._cookie:
            headers["Cookie"] = self._cookie
        answer = self._transport.request("POST", PATH, exchange, body=body, headers=headers)
        self._keep_cookie(answer)
        return self._result(call, info, answer)

    def close(self) -> None:
        """Release sockets. Does not log out, and does not wait."""
        self._transport.close()

    def _keep_cookie(self, answer: HttpAnswer) -> None:
        """Take the session's cookie, which a login may replace."""
        for header in answer.cookies:
            jar: http.cookies.SimpleCookie = http.cookies.SimpleCookie(header)
            morsel = jar.get(COOKIE)
            if morsel is not None:
                redaction.register(morsel.value)
                self._cookie = f"{COOKIE}={morsel.coded_value}"

    def _result(self, call: SoapCall, info: Any, answer: HttpAnswer) -> Any:
        if b"<!DOCTYPE" in answer.body or b"<!ENTITY" in answer.body:
            raise StrangeAnswerError("it answered with a document", status=answer.status)
        parser = _Deserializer(self._stub, call.method)
        try:
            result = parser.Deserialize(io.BytesIO(answer.body), info.result)
            value = plain(result)
        except xml.parsers.expat.ExpatError:
            raise StrangeAnswerError("its answer is no whole XML", status=answer.status) from None
        except Exception:  # noqa: BLE001 - pyvmomi raises all kinds on what it does not know
            raise _undecodable(answer) from None
        if isinstance(result, Exception) and answer.status == 500:
            raise fault(result)
        if answer.status != 200 or not parser.answered:
            raise StrangeAnswerError("its answer is none to this call", status=answer.status)
        return value

    def _object(self, ref: Ref) -> Any:
        try:
            kind = VmomiSupport.GetWsdlType(_NAMESPACE, ref.type)
        except KeyError:
            kind = VmomiSupport.GetVmodlType("vim.ManagedEntity")
        return kind(ref.value, self._stub)

    def _typed(self, value: Any, declared: Any) -> Any:
        """A plain value as pyvmomi wants it. Raises UnknownToReleaseError."""
        match value:
            case Ref():
                return self._object(value)
            case dict():
                return self._data_object(value, declared)
            case list() | tuple():
                item = declared.Item if issubclass(declared, list) else object
                return [self._typed(entry, item) for entry in value]
            case str() if declared is type:
                return VmomiSupport.GetWsdlType(_NAMESPACE, value)
            case _:
                return value

    def _data_object(self, value: Mapping[str, Any], declared: Any) -> Any:
        name = value.get("_typeName")
        kind = VmomiSupport.GetWsdlType(_NAMESPACE, name) if name else declared
        made = kind()
        for key, field in value.items():
            if key == "_typeName":
                continue
            try:
                info = made._GetPropertyInfo(key)
            except AttributeError:
                raise wire.UnknownToReleaseError(f"{name or kind.__name__} has no {key}") from None
            if not VmomiSupport.IsChildVersion(self._stub.version, info.version):
                raise wire.UnknownToReleaseError(f"{key} is newer than {self.api_version}")
            setattr(made, key, self._typed(field, info.type))
        return made


def _method(name: str) -> Any:
    try:
        return VmomiSupport.GetWsdlMethod(_NAMESPACE, name).info
    except KeyError:
        raise wire.UnknownToReleaseError(f"{name} is no method of the vSphere API") from None


def _undecodable(answer: HttpAnswer) -> Exception:
    """The error of an answer that pyvmomi cannot read: a fault of a type that it does not know."""
    match = _FAULT_NAME.search(answer.body) if answer.status == 500 else None
    if match is not None:
        return Fault((match[1].decode(errors="replace"),), {})
    return StrangeAnswerError("its answer cannot be read", status=answer.status)


def fault(raised: Any) -> Fault:
    """A fault of pyvmomi as a plain one."""
    kinds = tuple(
        VmomiSupport.GetWsdlName(kind)
        for kind in type(raised).__mro__
        if isinstance(kind, type) and issubclass(kind, _DATA) and kind is not _DATA
    )
    fields = _fields(raised, _FAULT_DROPPED)
    return Fault(kinds, fields, str(getattr(raised, "msg", None) or ""))


def plain(value: Any) -> Any:  # noqa: C901 - one line for each kind of value
    """A value of pyvmomi as a plain one; a fault inside of an answer is a Fault."""
    match value:
        case None | bool():
            return value
        case _MANAGED():
            return Ref(VmomiSupport.GetWsdlName(type(value)), value._moId)
        case BaseException():
            return fault(value)
        case _DATA():
            return {
                "_typeName": VmomiSupport.GetWsdlName(type(value)),
                **_fields(value, _DROPPED),
            }
        case list():
            return [plain(item) for item in value]
        case int():
            return int(value)
        case float():
            return float(value)
        case str():
            return str(value)
        case bytes() | bytearray():
            return bytes(value).hex()
        case datetime.datetime():
            return value.isoformat()
        case type():
            return VmomiSupport.GetWsdlName(value)
    return str(value)


def _fields(value: Any, dropped: frozenset[str]) -> dict[str, Any]:
    """Fields that are set; empty lists count as unset, as pyvmomi cannot tell them apart."""
    fields: dict[str, Any] = {}
    for info in value._GetPropertyList():
        field = getattr(value, info.name)
        if info.name in dropped or field is None or (isinstance(field, list) and not field):
            continue
        fields[info.name] = plain(field)
    return fields
