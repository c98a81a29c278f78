"""Rules and kept yeses in whole runs: who is asked, what the model reads, what is kept."""

from __future__ import annotations

import json

import pytest
from scripted_endpoint import calls, text
from small_house import Collected

from seedsmith.agent.calls.approval import Allowed
from seedsmith.agent.events import ApprovalRequested, ToolFinished
from seedsmith.agent.run.run import run
from seedsmith.agent.settings.run_request import RunRequest
from seedsmith.agent.settings.settings import Settings


class Person:
    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    async def approve(self, request):
        self.asked.append(request)
        answer = self.answers.pop(0)
        return answer(request) if callable(answer) else answer


def always(number):
    return lambda request: Allowed(request.grants[number])


@pytest.fixture
def carry_out(endpoint, tmp_path):
    async def carry_out(rules, person, *asked, **settings):
        work = tmp_path / "work"
        work.mkdir(exist_ok=True)
        options = {"model": "openai/scripted", "base_url": endpoint.base_url, "api_key": "a-key"}
        chosen = Settings(workspace=work, home=tmp_path / "state", permissions=rules, **options, **settings)
        endpoint.script(*(calls(call) for call in asked), text("Done."))
        seen = Collected()
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "c")}
        request = RunRequest(settings=chosen, prompt="Do it", environment=environment)
        await run(request, (seen,), person)
        return seen

    return carry_out


def command(text):
    return ("shell", {"command": text})


async def test_a_denied_call_tells_the_model_why(carry_out, tmp_path):
    rules = [{"deny": "shell(touch *)", "because": "no new files"}, {"deny": "write(docs/**)"}]
    seen = await carry_out(
        rules,
        None,
        command("true && touch x"),
        ("write", {"path": "docs/a", "content": "a"}),
        command("true"),
    )
    done = seen.of(ToolFinished)
    assert [event.ok for event in done] == [False, False, True]
    assert done[0].text == "Refused: the rule deny shell(touch *) covers touch x: no new files."
    assert done[1].text == "Refused: the rule deny write(docs/**) covers docs/a."
    assert not any((tmp_path / "work").iterdir())


async def test_without_a_person_what_is_asked_about_is_refused(carry_out):
    seen = await carry_out([{"ask": "shell(true *)"}], None, command("true"))
    (done,) = seen.of(ToolFinished)
    assert not done.ok and "there is nobody to ask" in done.text


async def test_a_yes_once_is_asked_for_again(carry_out):
    person = Person(True, False)
    seen = await carry_out([{"ask": "shell(true *)"}], person, command("true"), command("true"))
    assert [event.ok for event in seen.of(ToolFinished)] == [True, False]
    assert [event.why for event in seen.of(ApprovalRequested)] == [
        "the rule ask shell(true *) covers true"
    ] * 2


async def test_a_yes_for_good_holds_in_the_next_run_but_not_against_a_denial(carry_out, tmp_path):
    rules = [{"ask": "shell(git *)"}]
    person = Person(always(1), False)
    seen = await carry_out(
        rules, person, command("git status -s"), command("git status"), command("git status; git log")
    )
    assert [request.what for request in person.asked] == [
        json.dumps({"command": each}) for each in ("git status -s", "git status; git log")
    ]
    assert "Refused by the user" in seen.of(ToolFinished)[2].text
    seen = await carry_out(rules, None, command("git status -s"))
    assert "Refused" not in seen.of(ToolFinished)[0].text
    seen = await carry_out([{"deny": "shell(git *)"}], None, command("git status -s"))
    assert "Refused" in seen.of(ToolFinished)[0].text
    assert "git status" in (tmp_path / "c/seedsmith/grants.json").read_text()


async def test_a_rule_with_a_star_is_no_word_for_files_that_others_run(carry_out, tmp_path):
    write = ("write", {"path": ".envrc", "content": "a"})
    seen = await carry_out([{"allow": "write(**)"}], None, write)
    assert not seen.of(ToolFinished)[0].ok
    seen = await carry_out([{"allow": "write(.envrc)"}], None, write)
    assert seen.of(ToolFinished)[0].ok and (tmp_path / "work/.envrc").read_text() == "a"


async def test_what_is_allowed_is_not_asked_about_where_nothing_is_confined(carry_out):
    person = Person(False)
    seen = await carry_out(
        [{"allow": "shell(true *)"}], person, command("true"), command("false"), sandbox="off"
    )
    assert [event.ok for event in seen.of(ToolFinished)] == [True, False]
    assert [request.why for request in person.asked] == [
        "commands are not confined (--sandbox off) and no rule allows false"
    ]
