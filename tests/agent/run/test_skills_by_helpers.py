"""Skills that ask for a helper: named by a person or loaded by the model, each in a context of its own."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest
from asked import messages, task_of, tool_texts
from examples import first_fast
from scripted_endpoint import calls, text
from small_house import Collected

from seedsmith.agent.events import ToolFinished
from seedsmith.agent.run.named_skill import trust_own
from seedsmith.agent.run.one_tool import run_tool
from seedsmith.agent.run.server_prompts import with_server_prompt
from seedsmith.agent.sessions.recorded_sessions import Sessions
from seedsmith.agent.settings.run_request import RunRequest
from seedsmith.agent.settings.settings import Settings

AUDIT = "context: fork\nagent: explore\ntools: [read]\ninstructions: Look at {{where}} with care.\n"
AUDIT += "parameters: {where: {default: all}}\n"
CHANGE = "context: fork\ninstructions: Put two in the place of one.\nverify: grep -q two a.txt\n"
EDIT = ("edit", {"path": "a.txt", "old": "one", "new": "two"})


@pytest.fixture
def skilled(work, place):
    """Carry out a prompt where the user has the skill ``audit`` that ``says`` describes."""
    folder = place / "home/.agents/skills/audit"
    folder.mkdir(parents=True)

    async def carry_out(says, *front_ends, **more):
        (folder / "skill.yaml").write_text(f"name: audit\ndescription: Audits.\n{says}")
        return await work(*front_ends, **{"subagents": None, **more})

    return carry_out


def playing(*helper, caller=()):
    """Answers: of the caller the calls ``caller`` in turn, then words; of a helper those of ``helper``."""

    def answer(request):
        done, asked = len(tool_texts(request)), helper if task_of(request) else caller
        return calls(asked[done]) if done < len(asked) else text("Report." if task_of(request) else "Well.")

    return answer


def by_whom(endpoint):
    """The requests of the caller, and those of helpers."""
    return [[each for each in endpoint.requests if bool(task_of(each)) is helper] for helper in (False, True)]


def told(request):
    return json.dumps(messages(request))


def tools_of(request):
    return {each["function"]["name"] for each in request.body["tools"]}


async def test_one_that_the_model_loads_is_carried_out_by_a_helper(skilled, endpoint, place):
    load = ("skill", {"name": "audit", "parameters": {"where": "a.txt", "arguments": "locks above all"}})
    shell = ("shell", {"command": "echo free"})
    endpoint.script(playing(("read", {"path": "a.txt"}), ("grep", {"pattern": "x"}), caller=(load, shell)))
    seen = Collected()
    outcome = await skilled(AUDIT, seen)
    own, helped = by_whom(endpoint)
    assert outcome.status == "done" and tool_texts(own[-1])[0] == "Report."
    assert "free" in tool_texts(own[-1])[1], "the skill's tools hold for the helper alone"
    assert "with care" not in told(own[-1]) and 'parameters {\\"arguments\\"' in told(own[0])
    assert "Look at a.txt with care." in told(helped[0]) and task_of(helped[0]) == "locks above all"
    assert tools_of(helped[0]) == {"read", "glob", "grep", "git", "view_image", "skill"}
    assert "leaves only these tools: read" in tool_texts(helped[-1])[1]
    assert "task" not in tools_of(own[0])
    (data,) = [each.data for each in seen.of(ToolFinished) if each.data.get("kind")]
    assert (data["skill"], data["kind"], data["status"]) == ("audit", "explore", "done")
    assert 0 < data["cost_cny"] < outcome.cost_cny
    sessions = Sessions(place / "state").list()
    assert {each.parent for each in sessions} == {"", outcome.session}
    assert "helper, skill audit: locks above all" in [each.asked for each in sessions]


async def test_of_one_that_a_person_names_the_report_is_the_answer(skilled, endpoint, place):
    endpoint.script(playing())
    outcome = await skilled(AUDIT, prompt="the locks", skill="audit", skill_with={"where": "a.txt"})
    own, helped = by_whom(endpoint)
    assert (outcome.status, outcome.message, own) == ("done", "Report.", [])
    assert task_of(helped[0]) == "the locks" and "Look at a.txt with care." in told(helped[0])
    assert outcome.cost_cny > 0 and outcome.tool_calls == 1
    first = Sessions(place / "state").open("last", place / "work")
    assert first.id == outcome.session
    later = await skilled(AUDIT, prompt="What did you find?", resume=outcome.session)
    own, helped = by_whom(endpoint)
    assert later.message == "Well." and "Report." in told(own[0]) and len(helped) == 1
    again = await skilled(AUDIT, prompt="", skill="audit", resume=outcome.session)
    own, helped = by_whom(endpoint)
    assert again.message == "Report." and len(own) == 1 and task_of(helped[1]) == "What the skill above says."


@pytest.mark.slow
async def test_one_that_changes_files_does_in_a_copy_and_is_verified_in_the_workspace(
    skilled, endpoint, place
):
    endpoint.script(playing(EDIT))
    outcome = await skilled(CHANGE, prompt="", skill="audit")
    own, helped = by_whom(endpoint)
    assert outcome.status == "done" and own == [] and outcome.message.startswith("Report.")
    assert (place / "work/a.txt").read_text() == "two\n" and outcome.files_changed == ("a.txt",)
    assert (outcome.verified.before_exit_code, outcome.verified.exit_code) == (1, 0)
    assert outcome.verified.after_last_edit


@pytest.mark.slow
async def test_what_the_helper_left_wrong_is_the_callers_to_mend(skilled, endpoint, place):
    load = ("skill", {"name": "audit"})  # the call that the run made by itself
    mend = ("write", {"path": "b.txt", "content": "two\n"})
    endpoint.script(playing(EDIT, caller=(load, mend)))
    outcome = await skilled(CHANGE, prompt="", skill="audit", verify="cat b.txt")
    own, _ = by_whom(endpoint)
    assert outcome.status == "done" and "exit code 1" in told(own[0])
    assert (place / "work/b.txt").read_text() == "two\n"


@pytest.mark.slow
async def test_one_that_is_not_done_ends_the_run_with_why(skilled, endpoint):
    endpoint.script(playing(*[("read", {"path": "a.txt", "offset": line}) for line in range(1, 9)]))
    outcome = await skilled(f"{AUDIT}budget: {{turns: 2}}\n", prompt="", skill="audit")
    own, helped = by_whom(endpoint)
    assert outcome.status == "budget" and own == [] and len(helped) == 2
    assert "The helper was not done (budget)." in outcome.message
    assert "The skill was not carried out." in outcome.message


@pytest.mark.parametrize("settings", [{"subagents": False}, {"approve": "plan"}, {"record": "r.jsonl"}])
async def test_where_there_are_no_helpers_it_is_followed_in_place(skilled, endpoint, place, settings):
    if "record" in settings:
        settings = {"record": place / "r.jsonl"}
    endpoint.script(playing())
    outcome = await skilled(AUDIT, skill="audit", **settings)
    own, helped = by_whom(endpoint)
    assert outcome.message == "Well." and helped == [] and "Look at all with care." in told(own[0])


@pytest.mark.parametrize(
    ("agent", "writes", "said"),
    first_fast(
        1,
        [
            ("Explore", False, ""),
            ("Plan", False, ""),
            ("general-purpose", True, ""),
            ("code-reviewer", True, "There is no kind of helper 'code-reviewer' here: change was taken."),
        ],
    ),
)
async def test_kinds_are_known_by_the_names_that_others_give_them(skilled, endpoint, agent, writes, said):
    endpoint.script(playing(caller=(("skill", {"name": "audit"}),)))
    await skilled(f"context: fork\nagent: {agent}\ninstructions: Look.\n")
    own, helped = by_whom(endpoint)
    assert ("edit" in tools_of(helped[0])) is writes and said in tool_texts(own[-1])[0]


@pytest.mark.slow
async def test_its_files_and_commands_are_the_helpers(skilled, endpoint, place):
    says = "context: fork\nagent: explore\ninstructions: Look.\nhooks: {session_start: [{argv: ['false']}]}\n"
    says += (
        "commands: {count: {description: Counts., argv: [wc, -l, '{skill}/skill.yaml'], read_only: true}}\n"
    )
    counted = ("skill", {"name": "audit", "command": "count"})
    endpoint.script(playing(counted, ("skill", {"name": "review"})))
    await skilled(says, prompt="", skill="audit")
    _, helped = by_whom(endpoint)
    assert "skill.yaml" in tool_texts(helped[-1])[0] and "There is no skill" in tool_texts(helped[-1])[1]


@pytest.mark.slow
async def test_a_run_that_ended_while_its_helper_worked_goes_on(skilled, endpoint, place):
    waits, loop = asyncio.Event(), asyncio.get_running_loop()

    def answer(request):
        if not task_of(request):
            return text("Well.")
        loop.call_soon_threadsafe(waits.set)
        return text("Never whole.", stall_after=1)

    endpoint.script(answer)
    working = asyncio.ensure_future(skilled(AUDIT, prompt="the locks", skill="audit"))
    await asyncio.wait_for(waits.wait(), 60)
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    (session,) = [each for each in Sessions(place / "state").list() if not each.parent]
    outcome = await skilled(AUDIT, prompt="", resume=session.id)
    own, _ = by_whom(endpoint)
    assert outcome.message == "Well." and "interrupted" in tool_texts(own[0])[0]


@pytest.mark.slow
async def test_a_repositorys_skill_works_in_a_copy_as_it_was_trusted(work, endpoint, place):
    folder = Path(place / "work/.agents/skills/audit")
    folder.mkdir(parents=True)
    says = "name: audit\ndescription: Audits.\ncontext: fork\ninstructions: Look.\n"
    says += "commands: {show: {description: Shows., argv: [cat, '{skill}/skill.yaml', a.txt]}}\n"
    (folder / "skill.yaml").write_text(says)
    environment = {"HOME": str(place / "home")}
    trust_own(Settings(workspace=place / "work", home=place / "state"), environment, folder)
    endpoint.script(playing(EDIT, ("skill", {"name": "audit", "command": "show"})))
    outcome = await work(prompt="", skill="audit", subagents=None)
    _, helped = by_whom(endpoint)
    assert tool_texts(helped[-1])[1].startswith("name: audit") and "two" in tool_texts(helped[-1])[1]
    assert outcome.files_changed == ("a.txt",)


async def test_one_call_of_the_tool_by_hand_tells_the_instructions(place):
    folder = place / "home/.agents/skills/audit"
    folder.mkdir(parents=True)
    (folder / "skill.yaml").write_text(f"name: audit\ndescription: Audits.\n{AUDIT}")
    settings = Settings(workspace=place / "work", home=place / "state")
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(place / "home")}
    result = await run_tool(settings, "skill", '{"name": "audit"}', environment)
    assert result.ok and "Look at all with care." in result.text


@pytest.mark.parametrize(
    ("typed", "values", "left"),
    [
        ("how it is signed", {"what": "how it is signed"}, ""),
        ("what='the signer' and more", {"what": "the signer"}, "and more"),
        ("depth=3 the signer", {"depth": "3", "what": "the signer"}, ""),
        ("don't ask", {"what": "don't ask"}, ""),
        ("a=b", {"what": "a=b"}, ""),
    ],
)
async def test_what_is_typed_behind_a_skill_is_the_parameter_that_it_needs(place, typed, values, left):
    folder = place / "home/.agents/skills/tell"
    folder.mkdir(parents=True)
    says = "parameters: {what: {required: true}, depth: {type: integer}}\n"
    (folder / "skill.yaml").write_text(f"name: tell\ndescription: Tells.\ninstructions: Tell.\n{says}")
    settings = Settings(workspace=place / "work", home=place / "state", skill="tell")
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(place / "home")}
    request = RunRequest(settings=settings, prompt=typed, environment=environment, behind_name=True)
    filled = await with_server_prompt(request)
    assert (filled.settings.skill_with, filled.prompt) == (values, left)
    for same in (replace(request, behind_name=False), replace(request, prompt=" ")):
        assert await with_server_prompt(same) is same
