"""pyvmomi behind a transport without a network: answers in bytes, and what is made of them."""

from __future__ import annotations

from typing import Any

import pytest
from akoo_vsphere.client import session, wire
from akoo_vsphere.client.transport import HttpAnswer
from akoo_vsphere.client.wire import Exchange, Fault, Ref, SoapCall, StrangeAnswerError

ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope '
    'xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>{}</soapenv:Body>'
    "</soapenv:Envelope>"
)
GOOD = ENVELOPE.format(
    '<FindChildResponse xmlns="urn:vim25"><returnval type="DistributedVirtualPortgroup">'
    "dvportgroup-7</returnval></FindChildResponse>"
)
EMPTY = ENVELOPE.format('<FindChildResponse xmlns="urn:vim25"></FindChildResponse>')
FAULT = ENVELOPE.format(
    "<soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>no</faultstring><detail>"
    '<{0}Fault xmlns="urn:vim25" xsi:type="{0}"></{0}Fault></detail></soapenv:Fault>'
)
CALL = SoapCall(
    method="FindChild",
    target=Ref("SearchIndex", "SearchIndex"),
    arguments={"entity": Ref("Folder", "group-n1"), "name": "x"},
)


class FixedTransport:
    """A transport with one answer, which keeps what was sent."""

    def __init__(self, body: str | bytes, status: int = 200) -> None:
        self.body = body.encode() if isinstance(body, str) else body
        self.status = status
        self.sent: list[tuple[str, bytes, dict[str, str]]] = []
        self.cookies: tuple[str, ...] = ()

    def request(
        self,
        method: str,
        path: str,
        exchange: Exchange,
        *,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
    ) -> HttpAnswer:
        self.sent.append((f"{method} {path}", body, headers or {}))
        return HttpAnswer(self.status, self.body, self.cookies)


def ask(transport: FixedTransport, call: SoapCall = CALL, version: str = "v8_0_3_0") -> Any:
    made = session.PyvmomiSession(transport, f"vim.version.{version}")  # type: ignore[arg-type]
    return made.call(call, Exchange.lasting(5))


def test_a_whole_answer_is_a_value() -> None:
    assert ask(FixedTransport(GOOD)) == Ref("DistributedVirtualPortgroup", "dvportgroup-7")
    assert ask(FixedTransport(EMPTY)) is None


@pytest.mark.parametrize(
    "whole", [GOOD, EMPTY, FAULT.format("NotFound")], ids=["good", "empty", "fault"]
)
def test_an_answer_that_ends_anywhere_is_no_value(whole: str) -> None:
    status = 500 if "Fault" in whole else 200
    for length in range(0, len(whole), 3):
        with pytest.raises((StrangeAnswerError, Fault)) as raised:
            ask(FixedTransport(whole[:length], status))
        if status == 200:
            assert raised.type is StrangeAnswerError


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("<html><body>Maintenance</body></html>", 200),
        ("", 200),
        ("", 500),
        ("{}", 200),
        (GOOD, 500),
        (FAULT.format("NotFound"), 200),
        (GOOD.replace("FindChildResponse", "FindByUuidResponse"), 200),
        (GOOD.replace("<soapenv:Envelope", "<!DOCTYPE a><soapenv:Envelope", 1), 200),
        (GOOD.replace("DistributedVirtualPortgroup", "NoSuchType"), 200),
        (GOOD.encode().replace(b"dvportgroup", b"\xff\xfe"), 200),
    ],
    ids=[
        "page",
        "nothing",
        "broken",
        "json",
        "good-as-500",
        "fault-as-200",
        "other-method",
        "doctype",
        "unknown-type",
        "not-utf8",
    ],
)
def test_an_answer_that_is_none_to_the_call_is_no_value(body: str | bytes, status: int) -> None:
    with pytest.raises(StrangeAnswerError):
        ask(FixedTransport(body, status))


def test_an_entity_is_never_expanded() -> None:
    bomb = '<!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "&b;&b;">]><soapenv:Envelope'
    body = GOOD.replace("<soapenv:Envelope", bomb, 1).replace("dvportgroup-7", "&c;")
    with pytest.raises(StrangeAnswerError):
        ask(FixedTransport(body))


def test_a_fault_has_its_kinds_from_the_narrowest_on() -> None:
    with pytest.raises(Fault) as raised:
        ask(FixedTransport(FAULT.format("NotAuthenticated"), 500))
    assert raised.value.kinds[:3] == ("NotAuthenticated", "NoPermission", "SecurityError")
    assert raised.value.message == "no"


def test_a_fault_that_pyvmomi_does_not_know_has_its_name() -> None:
    with pytest.raises(Fault) as raised:
        ask(FixedTransport(FAULT.format("FromTheFuture"), 500))
    assert raised.value.name == "FromTheFuture"


def test_the_cookie_of_the_session_is_sent_back_and_may_be_replaced() -> None:
    transport = FixedTransport(GOOD)
    made = session.PyvmomiSession(transport, "vim.version.v8_0_3_0")  # type: ignore[arg-type]
    for number in (1, 2):
        transport.cookies = (f'vmware_soap_session="secret{number}"; Path=/; Secure', "other=1")
        made.call(CALL, Exchange.lasting(5))
    made.call(CALL, Exchange.lasting(5))
    cookies = [headers.get("Cookie") for _, _, headers in transport.sent]
    names = [None, *(f'vmware_soap_session="secret{number}"' for number in (1, 2))]
    assert cookies == names


def test_names_are_escaped_on_their_way() -> None:
    transport = FixedTransport(GOOD)
    ask(
        transport,
        SoapCall(
            method="FindChild",
            target=CALL.target,
            arguments={"entity": Ref("Folder", "group-n1"), "name": '<&>]]>"'},
        ),
    )
    assert b"&lt;&amp;&gt;" in transport.sent[0][1]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (SoapCall(method="NoSuchMethod", target=CALL.target), "no method"),
        (
            SoapCall(
                method="ReconfigureDVPortgroup_Task",
                target=Ref("DistributedVirtualPortgroup", "dvportgroup-7"),
                arguments={"spec": {"_typeName": "DVPortgroupConfigSpec", "backingType": "nsx"}},
            ),
            "backingType is newer",
        ),
        (
            SoapCall(
                method="ReconfigureDVPortgroup_Task",
                target=Ref("DistributedVirtualPortgroup", "dvportgroup-7"),
                arguments={"spec": {"_typeName": "DVPortgroupConfigSpec", "colour": "red"}},
            ),
            "no colour",
        ),
    ],
)
def test_nothing_newer_than_the_session_is_sent_or_dropped(call: SoapCall, words: str) -> None:
    transport = FixedTransport(GOOD)
    with pytest.raises(wire.UnknownToReleaseError, match=words):
        ask(transport, call, version="version15")
    assert transport.sent == []


@pytest.mark.parametrize(
    ("versions", "agreed"),
    [
        (("8.0.3.0", "8.0.2.0", "6.5"), "8.0.3.0"),
        (("99.9.9.9", "8.0.2.0"), "8.0.2.0"),
        (("6.7.3",), "6.7.3"),
    ],
)
def test_the_newest_version_that_both_know_is_spoken(
    versions: tuple[str, ...], agreed: str
) -> None:
    listed = "".join(f"<version>{version}</version>" for version in versions)
    body = f"<namespaces><namespace><name>urn:vim25</name>{listed}</namespace></namespaces>"
    transport: Any = FixedTransport(body)
    made = session.PyvmomiSession.negotiated(transport, Exchange.lasting(5))
    assert made.api_version == agreed


@pytest.mark.parametrize("body", ["", "<html/>", "<version>8.0.3.0</version>", "urn:vim25"])
def test_what_names_no_version_is_no_vcenter(body: str) -> None:
    transport: Any = FixedTransport(body)
    with pytest.raises(StrangeAnswerError):
        session.PyvmomiSession.negotiated(transport, Exchange.lasting(5))
