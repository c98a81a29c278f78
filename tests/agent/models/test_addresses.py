"""Which proxy is on the way to a service, and what is this machine."""

from __future__ import annotations

import pytest

from seedsmith.agent.errors import UsageError
from seedsmith.agent.models.address import check_base_url, is_loopback, proxy_for, service_root

SERVICE = "https://api.service.test/v1"


@pytest.mark.parametrize(
    ("environment", "proxy"),
    [
        ({}, None),
        ({"HTTPS_PROXY": ""}, None),
        ({"HTTPS_PROXY": "http://p:1"}, "http://p:1"),
        ({"https_proxy": "p:1"}, "http://p:1"),
        ({"https_proxy": "http://low:1", "HTTPS_PROXY": "http://up:1"}, "http://low:1"),
        ({"HTTPS_PROXY": "http://p:1/"}, "http://p:1"),
        ({"HTTP_PROXY": "http://p:1"}, None),
        ({"ALL_PROXY": "http://p:1"}, "http://p:1"),
        ({"all_proxy": "https://p:1"}, "https://p:1"),
        ({"ALL_PROXY": "socks5://p:1", "HTTPS_PROXY": "http://p:2"}, "http://p:2"),
        ({"HTTPS_PROXY": "socks5h://p:1", "ALL_PROXY": "http://p:2"}, "socks5h://p:1"),
        ({"ALL_PROXY": "socks://p"}, "socks5://p:1080"),
        ({"ALL_PROXY": "socks5://me:s%40crt@[::1]:9"}, "socks5://me:s%40crt@[::1]:9"),
    ],
)
def test_the_proxy_on_the_way(environment, proxy):
    assert proxy_for(SERVICE, environment) == proxy


@pytest.mark.parametrize(
    ("excepted", "url"),
    [
        ("*", SERVICE),
        ("other.test, .service.test", SERVICE),
        ("service.test", SERVICE),
        ("*.service.test", SERVICE),
        ("other.test api.service.test", SERVICE),
        ("API.Service.Test", "https://api.service.TEST./v1"),
        ("api.service.test:443", SERVICE),
        ("api.service.test:8443", "https://api.service.test:8443/v1"),
        ("10.1.2.3", "https://10.1.2.3/v1"),
        ("10.0.0.0/8", "https://10.1.2.3/v1"),
        ("10.0.0.0/8", "https://[::ffff:10.1.2.3]/v1"),
        ("fd00::/8", "https://[fd00::1]/v1"),
        ("[fd00::1]:8000", "http://[fd00::1]:8000/v1"),
    ],
)
def test_no_proxy_excepts(excepted, url):
    everything = {"ALL_PROXY": "http://p:1"}
    assert proxy_for(url, everything | {"NO_PROXY": excepted}) is None
    assert proxy_for(url, everything | {"no_proxy": excepted}) is None


@pytest.mark.parametrize(
    ("excepted", "url"),
    [
        ("", SERVICE),
        (",, ,", SERVICE),
        ("service.tes", SERVICE),
        ("ervice.test", SERVICE),
        ("api.service.test:80", SERVICE),
        ("10.0.0.0/33", "https://10.1.2.3/v1"),
        ("11.0.0.0/8", "https://10.1.2.3/v1"),
        ("10.0.0.0/8", "https://10.example.test/v1"),
        ("[", SERVICE),
    ],
)
def test_no_proxy_excepts_nothing_else(excepted, url):
    assert proxy_for(url, {"ALL_PROXY": "http://p:1", "NO_PROXY": excepted}) == "http://p:1"


@pytest.mark.parametrize(
    "host",
    ["localhost", "LocalHost.", "a.localhost", "127.0.0.1", "127.200.0.9", "127.1", "0x7f000001", "::1"]
    + ["::ffff:127.0.0.1", "0.0.0.0", "::"],
)
def test_this_machine_is_never_asked_through_a_proxy(host):
    assert is_loopback(host)
    url = f"http://[{host}]/v1" if ":" in host else f"http://{host}:8080/v1"
    assert proxy_for(url, {"ALL_PROXY": "http://p:1", "HTTP_PROXY": "socks5://p:1"}) is None


@pytest.mark.parametrize(
    "host", ["localhost.test", "127.0.0.1.test", "128.0.0.1", "::ffff:8.8.8.8", "126.1", ""]
)
def test_what_only_looks_like_this_machine(host):
    assert not is_loopback(host)


@pytest.mark.parametrize(
    "value",
    ["socks4://p:1", "ftp://p", "http://", "http://me:secret@p:port", "http://[me:secret", "://", "p:0"],
)
def test_what_is_no_proxy_is_told_by_the_variable_s_name_alone(value):
    with pytest.raises(UsageError, match="HTTPS_PROXY names no proxy") as told:
        proxy_for(SERVICE, {"HTTPS_PROXY": value})
    assert "secret" not in str(told.value) and "NO_PROXY=api.service.test" in str(told.value)


@pytest.mark.parametrize(
    ("given", "root"),
    [
        ("https://host/v1", "https://host/v1"),
        ("https://host/v1/", "https://host/v1"),
        ("https://host/v1/chat/completions", "https://host/v1"),
        ("https://host/v1//chat/completions//", "https://host/v1"),
        ("https://host/v1/responses/", "https://host/v1"),
        ("https://host/v1/completions", "https://host/v1"),
        ("https://host/responses", "https://host"),
        ("https://host/my-responses", "https://host/my-responses"),
        ("https://host", "https://host"),
        ("", ""),
    ],
)
def test_an_endpoint_of_the_documents_is_no_part_of_the_base_url(given, root):
    assert service_root(given) == service_root(root) == root


@pytest.mark.parametrize(
    "given", ["https://host/v1?a=b", "https://host/v1/?key=secret", "https://host/v1#x", "https://host?"]
)
def test_a_base_url_with_a_query_or_a_fragment_is_refused(given):
    with pytest.raises(UsageError, match="leave out what begins with") as refused:
        check_base_url(given)
    assert "secret" not in str(refused.value)
