"""Signing in to a server with a URL, against the official SDK's own authorization server."""

from __future__ import annotations

import asyncio
import json
import stat
import sys

import httpx2
import pytest
from mcp_authorization import guarded

from seedsmith.agent.settings.kept_sign_ins import FOLDER
from seedsmith.tools.mcp.servers import is_signed_in, read_entry, server_of
from seedsmith.tools.mcp.sign_in import SignInFailed, sign_in


@pytest.fixture
async def theirs():
    async with guarded() as made:
        yield made


@pytest.fixture
def kept(mcp, monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)
    return mcp.sign_ins


@pytest.fixture
def no_browser(monkeypatch):
    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)


def server_at(url, **more):
    return server_of("tracker", read_entry("tracker", {"url": url, **more}), "user", {})


async def opened(address):
    """A person's browser: it goes where it is sent."""
    async with httpx2.AsyncClient(follow_redirects=True) as browser:
        return await browser.get(address)


async def signed_in(server, kept, browser=opened):
    pages = []
    await sign_in(server, kept, lambda address: pages.append(asyncio.ensure_future(browser(address))))
    return await asyncio.gather(*pages)


@pytest.mark.slow
async def test_a_person_signs_in_once_and_is_signed_in_in_later_sessions(mcp, theirs, kept):
    mcp.open(tracker={"url": theirs.url})
    wanted = "The MCP server tracker wants you to sign in: run `seedsmith mcp login tracker`."
    assert await mcp.refused("add", server="tracker", a=1, b=1) == wanted
    assert not theirs.people.clients, "nobody registers before a person asks for it"
    (page,) = await signed_in(server_at(theirs.url), kept)
    assert page.status_code == 200 and "You can close this page" in page.text
    assert (await mcp.call("add", server="tracker", a=20, b=22)).text.endswith("42")
    mcp.open(tracker={"url": theirs.url})
    assert (await mcp.call("add", server="tracker", a=20, b=22)).text.endswith("42")
    assert theirs.people.granted == ["signed in"]


@pytest.mark.slow
async def test_what_is_kept_is_the_users_alone_and_can_be_forgotten(mcp, theirs, kept):
    server = server_at(theirs.url)
    assert not is_signed_in(server, kept)
    await signed_in(server, kept)
    (file,) = (mcp.folder.parent / FOLDER).iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert is_signed_in(server, kept)
    repository = server_of("tracker", read_entry("tracker", {"url": theirs.url}), "repository", {})
    assert not is_signed_in(repository, kept), "a repository's server is another"
    assert kept.forget(server.sign_in) and not kept.forget(server.sign_in)
    assert not list(file.parent.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("lasts", [1, None], ids=["it ends", "it is withdrawn"])
async def test_a_token_that_ended_is_renewed_in_a_later_session(mcp, theirs, kept, lasts):
    theirs.people.lasts = lasts
    await signed_in(server_at(theirs.url), kept)
    theirs.people.access.clear()
    theirs.people.lasts = 3600
    for _ in range(2):
        mcp.open(tracker={"url": theirs.url})
        assert (await mcp.call("add", server="tracker", a=20, b=22)).text.endswith("42")
    assert theirs.people.granted == ["signed in", "renewed"]


@pytest.mark.slow
async def test_a_token_that_ends_meanwhile_is_renewed_and_one_that_cannot_be_says_so(mcp, theirs, kept):
    await signed_in(server_at(theirs.url), kept)
    mcp.open(tracker={"url": theirs.url})
    await mcp.call("add", server="tracker", a=1, b=1)
    theirs.people.access.clear()
    assert (await mcp.call("add", server="tracker", a=20, b=22)).text.endswith("42")
    theirs.people.access.clear()
    theirs.people.renewals.clear()
    for _ in range(2):
        assert "sign in again: run `seedsmith mcp login tracker`" in await mcp.refused(
            "add", server="tracker", a=1, b=1
        )
    await signed_in(server_at(theirs.url), kept)
    assert (await mcp.call("add", server="tracker", a=20, b=22)).text.endswith("42")


@pytest.mark.slow
async def test_what_another_session_renewed_is_taken(mcp, theirs, kept):
    await signed_in(server_at(theirs.url), kept)
    mcp.open(tracker={"url": theirs.url})
    await mcp.call("add", server="tracker", a=1, b=1)
    first = mcp.tool
    theirs.people.access.clear()
    mcp.open(tracker={"url": theirs.url})
    await mcp.call("add", server="tracker", a=1, b=1)
    mcp.tool = first
    assert (await mcp.call("add", server="tracker", a=20, b=22)).text.endswith("42")
    assert theirs.people.granted == ["signed in", "renewed"]


@pytest.mark.slow
async def test_a_refusal_and_what_belongs_to_no_sign_in_are_told(theirs, kept):
    theirs.people.refuses = True
    with pytest.raises(SignInFailed, match="access_denied not you"):
        await signed_in(server_at(theirs.url), kept)
    theirs.people.refuses = False

    async def forged(address):
        back = httpx2.URL(address).params["redirect_uri"]
        wrong = [await opened(f"{back}?code=a&state=b"), await opened(f"{back}?code=a"), await opened(back)]
        assert [each.status_code for each in wrong] == [404] * 3
        return await opened(address)

    assert (await signed_in(server_at(theirs.url), kept, forged))[0].status_code == 200


@pytest.mark.slow
async def test_a_client_of_ones_own_comes_back_to_its_port(theirs, kept, kept_port):
    from mcp.shared.auth import OAuthClientInformationFull

    back = f"http://127.0.0.1:{kept_port}/callback"
    theirs.people.clients["ours"] = OAuthClientInformationFull(
        client_id="ours",
        client_secret="hush",
        redirect_uris=[back],
        token_endpoint_auth_method="client_secret_post",
    )
    own = {"clientId": "ours", "clientSecret": "${SECRET}", "callbackPort": kept_port}
    entry = read_entry("tracker", {"url": theirs.url, "oauth": own})
    server = server_of("tracker", entry, "user", {"SECRET": "hush"})
    await signed_in(server, kept)
    assert list(theirs.people.clients) == ["ours"] and "hush" not in repr(server)


@pytest.mark.slow
async def test_where_nobody_can_sign_in_it_is_said(mcp, theirs, kept):
    with pytest.raises(SignInFailed, match="sign-in to tracker failed"):
        await signed_in(server_at("http://127.0.0.1:9/mcp"), kept)
    mcp.open(tracker={"url": theirs.url, "headers": {"Authorization": "Bearer wrong"}})
    said = await mcp.refused("add", server="tracker", a=1, b=1)
    assert said == "The MCP server tracker refuses the header Authorization that it is given."


def test_a_damaged_file_is_no_sign_in(mcp, kept):
    from seedsmith.tools.mcp.sign_in import auth_of

    server = server_at("http://127.0.0.1:9/mcp")
    for text in ("", "{", "[]", json.dumps({"tokens": {}}), "\x00" * 100):
        kept.write(server.sign_in, text)
        assert auth_of(server, kept, Exception) is None


class Person:
    """Says what is asked; where it is to sign in, a browser goes to the address that is told."""

    def __init__(self, mcp, *answers, browser=opened):
        self.answers, self.questions, self.pages = list(answers), [], []
        self.mcp = mcp
        mcp.pool.ask_person = self.answer
        mcp.pool.notify = self.told
        self.browser = browser

    async def answer(self, text, options):
        self.questions.append((text, options))
        return self.answers.pop(0)

    def told(self, said):
        self.mcp.told.append(said)
        address = said.rpartition(" ")[2]
        self.pages.append(asyncio.ensure_future(self.browser(address)))


@pytest.mark.slow
async def test_a_person_who_is_there_is_asked_to_sign_in_and_the_call_goes_on(mcp, theirs, kept, no_browser):
    mcp.open(tracker={"url": theirs.url})
    person = Person(mcp, "sign in", "sign in")
    both = [mcp.call("add", server="tracker", a=20, b=22) for _ in range(2)]
    assert [each.text[-2:] for each in await asyncio.gather(*both)] == ["42", "42"]
    ((text, options),) = person.questions
    assert "The MCP server tracker wants you to sign in." in text and options == ("sign in", "not now")
    assert mcp.told[0].startswith("Sign in to tracker within 5 minutes: http://127.0.0.1:")
    theirs.people.access.clear()
    theirs.people.renewals.clear()
    assert (await mcp.call("add", server="tracker", a=1, b=1)).text.endswith("2")
    assert len(person.questions) == 2 and theirs.people.granted == ["signed in"] * 2
    assert "You can close this page" in (await person.pages[0]).text


@pytest.mark.slow
async def test_who_does_not_want_to_sign_in_is_not_asked_again(mcp, theirs, kept):
    mcp.open(tracker={"url": theirs.url})
    person = Person(mcp, "not now")
    for _ in range(2):
        wanted = await mcp.refused("add", server="tracker", a=1, b=1)
        assert wanted.endswith("wants you to sign in: run `seedsmith mcp login tracker`.")
    assert len(person.questions) == 1 and not mcp.told and not theirs.people.clients


@pytest.mark.slow
async def test_a_sign_in_that_is_refused_fails_the_call_and_can_be_tried_again(mcp, theirs, kept, no_browser):
    mcp.open(tracker={"url": theirs.url})
    person = Person(mcp, "sign in", "sign in")
    theirs.people.refuses = True
    assert "access_denied not you" in await mcp.refused("add", server="tracker", a=1, b=1)
    theirs.people.refuses = False
    assert (await mcp.call("add", server="tracker", a=20, b=22)).text.endswith("42")
    assert len(person.questions) == 2
