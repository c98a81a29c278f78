"""The way to a service: proxies, certificates, kept connections, and networks that lead nowhere."""

from __future__ import annotations

import asyncio
import gzip
import socket
import ssl

import httpx2
import pytest
import trustme
from relays import HttpProxy, Relay, Silent, SocksProxy
from scripted_endpoint import Endpoint, raw, text

from seedsmith.agent.conversation import UserMessage
from seedsmith.agent.errors import UsageError
from seedsmith.agent.models.base import Retrying
from seedsmith.agent.models.errors import (
    AuthenticationFailed,
    InvalidRequest,
    ServiceUnavailable,
    StreamBroken,
)
from seedsmith.agent.models.network import connection
from seedsmith.agent.models.tries.retry import RetryPolicy

SERVICE = "http://service.test/v1"
SECURE = "https://service.test/v1"


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def secure(authority):
    """A service with a certificate for ``service.test`` and 127.0.0.1 by an authority nobody knows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("service.test", "127.0.0.1").configure_cert(context)
    with Endpoint(tls=context) as running:
        yield running


@pytest.fixture
def bundle(authority, tmp_path):
    path = tmp_path / "权威 authority.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture
def ways(endpoint, secure):
    """Where the proxies lead: to the plain service by one name, to the secure one by another."""
    return {"plain.test": endpoint.port, "service.test": secure.port}


async def stopped(asking, kind, **options):
    with pytest.raises(kind) as caught:
        await asking.answer(asking.model(**options))
    message = str(caught.value)
    assert "\n" not in message and message.endswith(".") and "None" not in message
    return message


async def test_an_http_proxy_carries_plain_requests_and_tunnels_secure_ones(
    asking, endpoint, secure, ways, bundle
):
    endpoint.script(text("plain"))
    secure.script(text("secure"))
    with HttpProxy(ways) as proxy:
        plain = asking.model(base_url="http://plain.test/v1", environment={"http_proxy": proxy.url})
        assert (await asking.answer(plain)).text == "plain"
        environment = {"HTTPS_PROXY": proxy.url, "SSL_CERT_FILE": str(bundle)}
        tunnelled = asking.model(base_url=SECURE, environment=environment)
        assert (await asking.answer(tunnelled)).text == "secure"
        assert proxy.asked == ["plain.test", "service.test:443"]
    assert secure.requests[0].headers["host"] == "service.test"
    assert "proxy-authorization" not in secure.requests[0].headers


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
@pytest.mark.parametrize("login", ["", "me:pass word"])
async def test_a_socks_proxy_carries_both(asking, endpoint, secure, ways, bundle, scheme, login):
    endpoint.script(text("plain"))
    secure.script(text("secure"), text("again"))
    with SocksProxy(ways, login) as proxy:
        environment = {"ALL_PROXY": proxy.url(scheme).replace(" ", "%20")}
        plain = asking.model(base_url="http://plain.test/v1", environment=environment)
        assert (await asking.answer(plain)).text == "plain"
        tunnelled = asking.model(base_url=SECURE, environment=environment, ca_bundle=bundle)
        assert (await asking.answer(tunnelled)).text == "secure"
        assert (await asking.answer(tunnelled)).text == "again"
        assert proxy.asked == ["plain.test:80", "service.test:443"]  # and kept


async def test_a_proxy_s_login_is_sent_to_the_proxy_alone_and_never_shown(asking, endpoint, ways):
    endpoint.script(text("ok"))
    with HttpProxy(ways, "me:s3cr3t") as proxy:
        model = asking.model(base_url="http://plain.test/v1", environment={"HTTP_PROXY": proxy.url})
        assert (await asking.answer(model)).text == "ok"
        for name, url in [("HTTP_PROXY", "http://plain.test/v1"), ("HTTPS_PROXY", SECURE)]:
            wrong = {name: proxy.url.replace("s3cr3t", "s3cr3t-wrong")}
            message = await stopped(asking, ServiceUnavailable, base_url=url, environment=wrong)
            assert "wants a user and password" in message and "s3cr3t" not in message
    assert not asking.pauses
    with SocksProxy(ways, "me:s3cr3t") as proxy:
        for login in ("me:s3cr3t-wrong@", ""):
            environment = {"ALL_PROXY": f"socks5://{login}127.0.0.1:{proxy.port}"}
            message = await stopped(asking, ServiceUnavailable, base_url=SERVICE, environment=environment)
            assert "wants a user and password" in message and "s3cr3t" not in message


async def test_a_proxy_that_leads_nowhere_is_named(asking, ways):
    with HttpProxy({}) as http, SocksProxy({}) as socks, SocksProxy(ways, reply=2) as ruled:
        for url, words in [
            (http.url, "can't reach it: 502 Bad Gateway"),
            (socks.url(), "can't reach it: Proxy Server could not connect: Host unreachable"),
            (ruled.url(), "not allowed by ruleset"),
        ]:
            message = await stopped(
                asking, ServiceUnavailable, base_url=SECURE, environment={"ALL_PROXY": url}
            )
            assert f"the proxy {url}" in message and words in message
    dead = f"http://me:s3cr3t@127.0.0.1:{http.port}"
    message = await stopped(asking, ServiceUnavailable, base_url=SECURE, environment={"ALL_PROXY": dead})
    assert f"the proxy http://127.0.0.1:{http.port} refuses the connection" in message
    assert "check the proxy's address" in message and "s3cr3t" not in message


@pytest.mark.slow
async def test_a_proxy_of_another_kind_is_a_sentence(asking, ways, monkeypatch):
    monkeypatch.setattr(connection, "CONNECT_SECONDS", 0.2)
    with HttpProxy(ways) as http, SocksProxy(ways) as socks:
        for url in (f"socks5://127.0.0.1:{http.port}", f"http://127.0.0.1:{socks.port}"):
            message = await stopped(
                asking, ServiceUnavailable, base_url=SECURE, environment={"ALL_PROXY": url}
            )
            assert "can't be reached" in message


async def test_loopback_is_asked_without_the_proxy(asking, endpoint):
    endpoint.script(text("direct"))
    with HttpProxy({}) as proxy:
        environment = {"ALL_PROXY": proxy.url, "HTTP_PROXY": proxy.url, "NO_PROXY": ""}
        assert (await asking.answer(asking.model(environment=environment))).text == "direct"
        assert not proxy.asked


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "ca_bundle"])
async def test_an_authority_of_one_s_own_is_trusted(asking, secure, bundle, variable):
    secure.script(text("ok"))
    named = {"ca_bundle": bundle} if variable == "ca_bundle" else {"environment": {variable: str(bundle)}}
    assert (await asking.answer(asking.model(base_url=secure.base_url, **named))).text == "ok"


async def test_a_folder_of_authorities_is_trusted(asking, secure, authority, tmp_path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=authority.cert_pem.bytes().decode())
    (tmp_path / "authority.pem").write_bytes(authority.cert_pem.bytes())
    rehash = await asyncio.create_subprocess_exec("openssl", "rehash", str(tmp_path))
    assert await rehash.wait() == 0
    secure.script(text("ok"))
    model = asking.model(base_url=secure.base_url, environment={"SSL_CERT_DIR": str(tmp_path)})
    assert (await asking.answer(model)).text == "ok"


async def test_an_unknown_authority_is_told_once_with_what_to_set(asking, secure):
    message = await stopped(asking, ServiceUnavailable, base_url=secure.base_url)
    assert "certificate is not accepted" in message and "--ca-bundle FILE or SSL_CERT_FILE" in message
    assert not asking.pauses and not secure.requests


async def test_a_certificate_for_another_host_is_told(asking, authority, bundle):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("other.test").configure_cert(context)
    with Endpoint(tls=context) as other:
        message = await stopped(asking, ServiceUnavailable, base_url=other.base_url, ca_bundle=bundle)
    assert "names the host as its certificate does" in message and not asking.pauses


async def test_certificates_that_can_not_be_used_are_told_before_anything_is_sent(asking, tmp_path):
    (tmp_path / "empty.pem").write_text("no certificate")
    for file, words in [("gone.pem", "can't be read: No such file"), ("empty.pem", "holds no certificates")]:
        for options, name in [
            ({"ca_bundle": tmp_path / file}, "--ca-bundle"),
            ({"environment": {"SSL_CERT_FILE": str(tmp_path / file)}}, "SSL_CERT_FILE"),
        ]:
            with pytest.raises(UsageError, match=f"{name}: .*{words}"):
                asking.model(base_url=SECURE, **options)


class Blunt(Relay):
    """A plain web server: it answers whatever comes with 400."""

    def _route(self, client):
        client.recv(65536)
        client.sendall(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n")
        raise OSError("done")


@pytest.mark.slow
async def test_tls_to_a_plain_port_is_a_sentence(asking, endpoint, monkeypatch):
    with Blunt() as blunt:
        base_url = f"https://127.0.0.1:{blunt.port}/v1"
        message = await stopped(asking, ServiceUnavailable, base_url=base_url)
    assert "doesn't speak TLS" in message and "http://" in message and not asking.pauses
    monkeypatch.setattr(connection, "CONNECT_SECONDS", 0.1)
    silent = endpoint.base_url.replace("http:", "https:")
    message = await stopped(asking, ServiceUnavailable, base_url=silent)
    assert "doesn't answer within 0.1 s" in message


async def test_plain_http_to_a_tls_port_ends_in_a_sentence(asking, secure):
    await stopped(asking, StreamBroken, base_url=secure.base_url.replace("https:", "http:"))


async def test_a_name_that_nobody_knows(asking):
    message = await stopped(asking, ServiceUnavailable, base_url="http://no-such-service.invalid:81/v1")
    assert "the name of no-such-service.invalid:81 can't be resolved" in message
    assert len(asking.pauses) == 3


async def test_a_port_where_nobody_listens(asking):
    with socket.socket() as bound:  # and nobody else can listen there meanwhile
        bound.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{bound.getsockname()[1]}"
        message = await stopped(asking, ServiceUnavailable, base_url=f"http://{place}/v1")
    assert f"{place} refuses the connection" in message


async def test_a_network_that_swallows_everything(asking, monkeypatch):
    monkeypatch.setattr(connection, "CONNECT_SECONDS", 0.05)
    with Silent() as silent:
        message = await stopped(asking, ServiceUnavailable, base_url=f"http://127.0.0.1:{silent.port}/v1")
    assert "doesn't answer within 0.05 s" in message and "HTTPS_PROXY" in message
    assert len(asking.pauses) == 3


async def test_a_network_that_wants_a_sign_in(asking, endpoint):
    page = b"<!DOCTYPE html><html><head><title>Welcome &amp; sign in</title></head></html>"
    endpoint.script(raw(page, content_type="text/html"))
    assert "whether this network wants a sign-in" in await stopped(asking, InvalidRequest)
    endpoint.script(raw(page, status=511, content_type="text/html"))
    assert "sign in to it in a browser" in await stopped(asking, ServiceUnavailable)
    moved = raw(b"", status=302, headers=(("location", "http://portal.test/login"),))
    endpoint.script(moved)
    told = await stopped(asking, InvalidRequest)
    assert told.startswith(f"{endpoint.base_url} redirects to http://portal.test/login: check the base URL, ")
    assert told.endswith("whether this network wants a sign-in first (HTTP 302).")
    assert not asking.pauses


async def test_a_kept_connection_that_was_closed_meanwhile_is_no_failure(asking, endpoint):
    endpoint.script(text("one"), text("two"), text("three"))
    with HttpProxy({"plain.test": endpoint.port}) as between:
        environment = {"HTTP_PROXY": between.url}
        model = asking.model(base_url="http://plain.test/v1", environment=environment)
        await asking.answer(model)
        await asking.answer(model)
        between.hang_up()
        parts = await asking.parts(model)
    assert parts[-1].text == "three" and not [part for part in parts if isinstance(part, Retrying)]
    ports = [request.client_port for request in endpoint.requests]
    assert ports[0] == ports[1] != ports[2]


async def test_a_kept_connection_that_closes_as_the_next_request_arrives_is_no_failure(asking):
    """The service reads the second request and hangs up without a word, as one does that had decided to."""
    with Endpoint() as service:
        service.script(text("one"), raw(b"", cut_after=0, status=0), text("two"))
        model = asking.model(base_url=service.base_url)
        await asking.answer(model)
        parts = await asking.parts(model)
    assert parts[-1].text == "two" and not [part for part in parts if isinstance(part, Retrying)]
    assert len(service.requests) == 3


async def test_the_next_request_is_made_while_the_one_before_it_is_answered(asking, endpoint, monkeypatch):
    made = []
    make = httpx2.AsyncClient.build_request
    monkeypatch.setattr(
        httpx2.AsyncClient, "build_request", lambda *given, **named: made.append(0) or make(*given, **named)
    )
    endpoint.script(text("one"), text("two"))
    model, said = asking.model(), "Fix this. " * 40
    assert (await asking.answer(model)).text == "one" and len(made) == 2
    request = asking.request(UserMessage(said))
    assert (await asking.answer(model, request)).text == "two" and len(made) == 3
    assert endpoint.requests[1].body["messages"] == [{"role": "user", "content": said}]


async def test_a_request_to_another_place_is_made_anew_and_one_that_is_not_needed_is_ended(endpoint):
    endpoint.script(text("one"), text("two"))
    before = asyncio.all_tasks()
    way = connection.Connection(endpoint.base_url, "", {}, RetryPolicy())
    for path in ("/chat/completions", "/responses"):
        answer = await way.post(path, b"{}")
        await answer.read()
        await answer.aclose()
    assert [request.path for request in endpoint.requests] == ["/v1/chat/completions", "/v1/responses"]
    assert asyncio.all_tasks() != before
    await way.aclose()
    assert asyncio.all_tasks() == before


async def test_a_compressed_answer_is_read_though_plain_was_asked(asking, endpoint):
    stream = b'data: {"choices":[{"delta":{"content":"%b"},"finish_reason":"stop"}]}\n\n' % ("汉字".encode())
    encoded = (("content-encoding", "gzip"),)
    endpoint.script(
        raw(
            gzip.compress(b'{"error": {"code": "InvalidParameter", "message": "packed"}}'),
            status=400,
            content_type="application/json",
            headers=encoded,
        ),
        raw(gzip.compress(stream), headers=encoded, chunk=7),
    )
    assert "packed" in await stopped(asking, InvalidRequest)
    assert (await asking.answer()).text == "汉字"
    assert endpoint.requests[0].headers["accept-encoding"] == "identity"


async def test_compression_is_no_bomb(asking, endpoint, monkeypatch):
    monkeypatch.setattr(connection, "RESPONSE_LIMIT_BYTES", 1 << 20)
    bomb = gzip.compress(b"data: " + b"a" * (8 << 20))
    headers = (("content-encoding", "gzip"),)
    endpoint.script(lambda request: raw(bomb, headers=headers))
    assert "holds more than 1 MiB" in await stopped(asking, StreamBroken)
    endpoint.script(raw(bomb, status=401, headers=headers))
    await stopped(asking, AuthenticationFailed)


@pytest.mark.slow
async def test_a_compressed_error_is_unpacked_to_a_limit(asking, endpoint, monkeypatch):
    sizes = []
    parse = connection.parse_refusal

    def measured(*given):
        sizes.append(max(len(each) for each in given if isinstance(each, str | bytes)))
        return parse(*given)

    monkeypatch.setattr(connection, "parse_refusal", measured)
    bomb = gzip.compress(b'{"error": {"message": "' + b"a" * (64 << 20) + b'"}}')
    assert len(bomb) < 1 << 17
    endpoint.script(raw(bomb, status=401, headers=(("content-encoding", "gzip"),)))
    await stopped(asking, AuthenticationFailed)
    assert sizes and max(sizes) <= connection.ERROR_LIMIT_BYTES


async def test_an_endless_error_page_is_read_to_a_limit(asking, endpoint):
    endpoint.script(raw(b'{"error": "' + b"x" * (1 << 20) + b'"}', status=401, chunk=4096))
    assert len(await stopped(asking, AuthenticationFailed)) < 1000


async def test_the_sdk_s_environment_reaches_nobody(asking, endpoint, monkeypatch):
    hostile = {
        "OPENAI_ORG_ID": "org\r\nX-Injected: yes",
        "OPENAI_PROJECT_ID": "proj-leak",
        "OPENAI_CUSTOM_HEADERS": "X-Leak: yes\nHost: evil.test\nAuthorization: Bearer leak\n"
        "Content-Type: a/b\nContent-Length: 7\nTransfer-Encoding: chunked\nConnection: close",
        "OPENAI_BASE_URL": "http://evil.test/v1",
        "OPENAI_API_KEY": "sk-leak",
        "OPENAI_LOG": "debug",
        "OPENAI_WEBHOOK_SECRET": "leak",
    }
    for name, value in hostile.items():
        monkeypatch.setenv(name, value)
    endpoint.script(text("ok"), text("ok"))
    model = asking.model()
    assert [(await asking.answer(model)).text for _ in range(2)] == ["ok", "ok"]
    sent, second = endpoint.requests
    shown = " ".join(f"{name}: {value}" for name, value in sent.headers.items()).lower()
    assert not [word for word in ("leak", "evil", "inject", "openai", "stainless") if word in shown]
    assert second.headers == sent.headers
    assert sent.headers["authorization"] == "Bearer sk-secret"
    assert sent.headers["content-type"] == "application/json"
    assert sent.headers["host"] == endpoint.base_url.split("/")[2]
