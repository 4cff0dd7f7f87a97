"""The proxy of settings: hosts that go through it, hosts that do not, and settings refused."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given, settings, strategies

from akoo_core import external
from akoo_core.outside import proxies

URL = "http://proxy.example.com:3128"
PROXY = proxies.HttpProxy("proxy.example.com", 3128)
LABELS = strategies.from_regex(r"[a-z][a-z0-9]{0,5}", fullmatch=True)
NAMES = strategies.lists(LABELS, min_size=1, max_size=4).map(".".join)
PORTS = strategies.integers(1, 65535)
V4 = strategies.ip_addresses(v=4)
V6 = strategies.ip_addresses(v=6)


def direct(entry: str, host: str, port: int = 443) -> bool:
    return proxies.parse(URL, (entry,)).proxy_for(host, port) is None


@pytest.mark.parametrize(
    ("entry", "host", "port", "expected"),
    [
        ("*", "avi.example.com", 443, True),
        ("avi.example.com", "avi.example.com", 443, True),
        ("AVI.example.com.", "avi.Example.com", 443, True),
        ("avi.example.com", "avi.example.com.", 443, True),
        ("example.com", "avi.example.com", 443, True),
        ("example.com", "avi.notexample.com", 443, False),
        ("example.com", "notexample.com", 443, False),
        (".example.com", "avi.example.com", 443, True),
        (".example.com", "example.com", 443, False),
        ("*.example.com", "avi.example.com", 443, True),
        ("*.example.com", "example.com", 443, False),
        ("avi.example.com:8443", "avi.example.com", 8443, True),
        ("avi.example.com:8443", "avi.example.com", 443, False),
        ("10.0.0.0/8", "10.9.8.7", 443, True),
        ("10.0.0.0/8", "11.9.8.7", 443, False),
        ("10.0.0.0/8", "10.example.com", 443, False),
        ("10.0.0.5", "10.0.0.5", 443, True),
        ("10.0.0.5", "10.0.0.6", 443, False),
        ("0.5", "10.0.0.5", 443, False),
        ("10.0.0.5:8443", "10.0.0.5", 443, False),
        ("2001:db8::5", "[2001:db8::5]", 443, True),
        ("2001:db8::/32", "2001:db8::5", 443, True),
        ("[2001:db8::5]:8443", "2001:db8::5", 8443, True),
        ("[2001:db8::5]:8443", "2001:db8::5", 443, False),
        ("2001:db8::/32", "10.0.0.5", 443, False),
        ("example.org", "127.0.0.1", 443, False),
        ("example.org", "localhost", 443, False),
    ],
)
def test_entries(entry: str, host: str, port: int, expected: bool) -> None:
    assert direct(entry, host, port) is expected


@settings(max_examples=40)
@given(host=NAMES | V4.map(str) | V6.map(str), port=PORTS)
def test_a_host_covers_itself(host: str, port: int) -> None:
    assert direct(host, host, port)
    literal = f"[{host}]" if ":" in host else host
    assert direct(f"{literal}:{port}", host, port)
    assert not direct(f"{literal}:{port % 65535 + 1}", host, port)
    assert proxies.parse(URL, ()).proxy_for(host, port) == PROXY
    assert proxies.NONE.proxy_for(host, port) is None


@settings(max_examples=40)
@given(name=NAMES, label=LABELS)
def test_a_suffix_covers_the_names_below_it_and_no_others(name: str, label: str) -> None:
    assert direct(f".{name}", f"{label}.{name}")
    assert direct(name, f"{label}.{name}")
    assert not direct(f".{name}", name)
    assert not direct(f".{name}", f"{label}{name}") or f"{label}{name}".endswith(f".{name}")
    assert not direct(f"{label}.{name}", name)


@settings(max_examples=40)
@given(address=V4, other=V4, bits=strategies.integers(0, 32))
def test_a_network_covers_its_addresses(
    address: ipaddress.IPv4Address, other: ipaddress.IPv4Address, bits: int
) -> None:
    mask = (2**32 - 1) ^ (2 ** (32 - bits) - 1)
    same = int(address) & mask == int(other) & mask
    assert direct(f"{address}/{bits}", str(other)) is same


@settings(max_examples=40)
@given(text=strategies.text(max_size=30))
def test_an_entry_is_understood_or_refused(text: str) -> None:
    wrong = proxies.problems(URL, (text,))
    if wrong:
        assert [path for path, _ in wrong] == ["noProxy[0]"]
        with pytest.raises(ValueError, match=r"\w"):
            proxies.parse(URL, (text,))
    else:
        proxies.parse(URL, (text,)).proxy_for("avi.example.com", 443)


@pytest.mark.parametrize(
    "url",
    [
        "proxy:3128",
        "https://proxy:3128",
        "socks5://proxy:1080",
        "http://proxy",
        "http://proxy:0",
        "http://proxy:99999",
        "http://:3128",
        "http://proxy:3128/path",
        "http://proxy:3128?x=y",
        "http://pro xy:3128",
        "http://[::1:3128",
    ],
)
def test_urls_that_are_refused(url: str) -> None:
    assert proxies.problems(url, ()) == (("url", "must be http://host:port"),)


@pytest.mark.parametrize(
    "entry", ["", "a b", "10.0.0.0/33", "host:port", "host:0", "*x", "http://x", ".", "*."]
)
def test_entries_that_are_refused(entry: str) -> None:
    assert [path for path, _ in proxies.problems(URL, ("ok", entry))] == ["noProxy[1]"]


def test_no_secret_in_the_url_and_none_in_the_message() -> None:
    ((path, problem),) = proxies.problems("http://user:hunter2@proxy:3128", ())
    assert path == "url"
    assert "hunter2" not in problem
    assert "a secret does not belong here. Leave it empty" in problem


def test_urls_are_made_alike() -> None:
    assert proxies.parse("http://Proxy.Example.com:3128/", ()).proxy == PROXY
    v6 = proxies.parse("http://[2001:db8::1]:3128", ()).proxy
    assert v6 == proxies.HttpProxy("2001:db8::1", 3128)
    assert str(v6) == "http://[2001:db8::1]:3128"


@pytest.mark.parametrize(
    ("environ", "proxy"),
    [
        ({}, None),
        ({"HTTPS_PROXY": ""}, None),
        ({"HTTP_PROXY": URL, "ALL_PROXY": URL}, None),
        ({"HTTPS_PROXY": URL}, PROXY),
        ({"https_proxy": f"{URL}/"}, PROXY),
        ({"HTTPS_PROXY": URL, "https_proxy": "http://other:1"}, PROXY),
        ({"HTTPS_PROXY": "", "https_proxy": URL}, PROXY),
        ({"HTTPS_PROXY": " proxy.example.com:3128 "}, PROXY),
        ({"HTTPS_PROXY": "http://proxy"}, proxies.HttpProxy("proxy", 80)),
        ({"HTTPS_PROXY": "[2001:db8::1]"}, proxies.HttpProxy("2001:db8::1", 80)),
        (
            {"HTTPS_PROXY": "http://u:p%40%3a:s@proxy:1"},
            proxies.HttpProxy("proxy", 1, "u", "p@::s"),
        ),
        ({"HTTPS_PROXY": "token@proxy:1"}, proxies.HttpProxy("proxy", 1, "token")),
    ],
)
def test_the_proxy_of_the_environment(
    environ: dict[str, str], proxy: proxies.HttpProxy | None
) -> None:
    assert proxies.chosen("", (), environ).proxy == proxy


@pytest.mark.parametrize(
    "text",
    [
        "https://u:hunter2@proxy:1",
        "socks5://u:hunter2@proxy:1",
        "http://u:hunter2@proxy:99999",
        "http://u:hunter2@",
        "http://u:hunter2@proxy:1/path",
        "http://u:hunter2%0d%0a@proxy:1",
        "http://u:hunter2@pro xy:1",
        "http://u:hunter2@[::1",
    ],
)
def test_a_proxy_of_the_environment_that_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^HTTPS_PROXY: must be http://host:port") as caught:
        proxies.chosen("", (), {"HTTPS_PROXY": text})
    assert "hunter2" not in str(caught.value)


def test_settings_come_before_the_environment() -> None:
    environ = {"HTTPS_PROXY": "socks5://other", "NO_PROXY": "avi.example.com"}
    chosen = proxies.chosen(URL, (), environ)
    assert chosen.proxy == PROXY
    assert chosen.proxy_for("avi.example.com", 443) is None
    chosen = proxies.chosen(URL, (".example.org",), environ)
    assert chosen.proxy_for("avi.example.com", 443) == PROXY
    assert chosen.proxy_for("avi.example.org", 443) is None


def test_entries_of_no_proxy_without_a_meaning_are_skipped() -> None:
    environ = {"HTTPS_PROXY": URL, "NO_PROXY": " a b, ,10.0.0.0/33,.example.org , 10.*"}
    chosen = proxies.chosen("", (), environ)
    assert chosen.proxy_for("avi.example.org", 443) is None
    assert chosen.proxy_for("avi.example.com", 443) == PROXY
    assert chosen.proxy_for("10.0.0.1", 443) == PROXY


@pytest.mark.parametrize("server", ["10.96.0.1", "2001:db8::1", "kube-api.example.com"])
def test_loopback_and_the_api_server_of_a_pod_are_direct(server: str) -> None:
    environ = {"HTTPS_PROXY": URL, "NO_PROXY": "x", "KUBERNETES_SERVICE_HOST": server}
    for host in ("localhost", "127.0.0.1", "127.1.2.3", "[::1]", server):
        assert proxies.chosen("", (), environ).proxy_for(host, 443) is None, host
        assert proxies.chosen(URL, ("y",), environ).proxy_for(host, 443) is None, host
    assert proxies.chosen("", (), environ).proxy_for("10.96.0.2", 443) == PROXY


def test_a_password_is_shown_nowhere() -> None:
    chosen = proxies.chosen("", (), {"HTTPS_PROXY": "http://operator:hunter2@proxy:3128"})
    assert chosen.proxy is not None
    header = chosen.proxy.headers["Proxy-Authorization"]
    assert header == "Basic b3BlcmF0b3I6aHVudGVyMg=="
    for text in (repr(chosen), str(chosen.proxy), chosen.proxy.url):
        assert "hunter2" not in text
        assert "operator" not in text


async def test_the_proxy_counts_within_a_call_of_its_seam() -> None:
    seam = external.External(through=proxies.parse(URL, ("direct.example.com",)))
    async with seam.call("test", "GET thing", write=False):
        assert external.proxy_for("avi.example.com", 443) == PROXY
        assert external.proxy_for("direct.example.com", 443) is None
        async with external.External().call("test", "GET other", write=False):
            assert external.proxy_for("avi.example.com", 443) is None
        assert external.proxy_for("avi.example.com", 443) == PROXY
    assert external.proxy_for("avi.example.com", 443) is None
