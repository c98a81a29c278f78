"""What an editor and its agent do together, driven by the protocol library's own client over real pipes."""

from __future__ import annotations

import asyncio
import base64
import io
import json
from pathlib import Path

import acp
import pytest
from asked import task_of, tool_texts
from PIL import Image
from scripted_endpoint import calls, error, reasoning, text

READS_FILES = {"fs": {"readTextFile": True}}
SHOWS_FORMS = {"elicitation": {"form": {}}}
EDIT = ("edit", {"path": "a.txt", "old": "one", "new": "two"})
EDIT_BACK = ("edit", {"path": "a.txt", "old": "two", "new": "three"})
ENVRC = ("write", {"path": ".envrc", "content": "export A=1\n"})


def messages(endpoint, number: int = -1) -> list[dict]:
    return json.loads(endpoint.requests[number].raw)["messages"]


def said_by_user(endpoint, number: int = -1) -> list:
    return [each["content"] for each in messages(endpoint, number) if each["role"] == "user"]


def results(endpoint, number: int = -1) -> list[str]:
    return [each["content"] for each in messages(endpoint, number) if each["role"] == "tool"]


@pytest.mark.slow
async def test_a_prompt_is_told_as_it_happens(connect, endpoint, repository):
    plan = {"items": [{"text": "Change it", "state": "active"}]}
    shell = ("shell", {"command": "echo from the shell"})
    endpoint.script(calls(("todo", plan), EDIT), calls(shell), reasoning("Let me see.", "It is **done**."))
    async with connect() as editor:
        session = await editor.begins(repository)
        answer = await editor.says(session, "Change it")
    assert answer.stop_reason == "end_turn"
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens > 0
    assert [entry.content for entry in editor.of("plan")[0].entries] == ["Change it"]
    edit, shell = editor.of("tool_call")
    assert (edit.title, edit.kind, edit.status) == ("edit a.txt", "edit", "in_progress")
    assert edit.locations[0].path == str(repository / "a.txt")
    edited, ran = editor.of("tool_call_update")
    assert (edited.status, edited.content[0].old_text, edited.content[0].new_text) == (
        "completed",
        "one\n",
        "two\n",
    )
    assert (edited.locations[0].path, edited.locations[0].line) == (str(repository / "a.txt"), 1)
    assert shell.kind == "execute" and "from the shell" in ran.content[0].content.text
    assert [thought.content.text for thought in editor.of("agent_thought_chunk")] == ["Let me see."]
    assert editor.said().startswith("It is **done**.") and "Nothing was verified" in editor.said()
    assert editor.of("session_info_update")[0].title == "Change it"
    assert editor.of("usage_update")[-1].used > 0
    assert {each for each, _ in editor.updates} == {session}


async def test_prompts_go_on_with_the_session_that_was_told(connect, endpoint, repository, tmp_path):
    endpoint.script(text("Hello."), text("Again."))
    async with connect() as editor:
        session = await editor.begins(repository)
        assert not (tmp_path / "state/sessions" / session).exists()
        await editor.says(session, "Hi")
        await editor.says(session, "And again")
        found = await editor.agent.list_sessions(cwd=str(repository))
        elsewhere = await editor.agent.list_sessions(cwd=str(tmp_path))
    assert said_by_user(endpoint)[-2:] == ["Hi", "And again"]
    assert [(each.session_id, each.title) for each in found.sessions] == [(session, "Hi")]
    assert elsewhere.sessions == []


@pytest.mark.parametrize(("answer", "done"), [("y", True), ("n", False), ("", False), ("always", False)])
async def test_the_person_is_asked_before_what_needs_their_word(connect, endpoint, repository, answer, done):
    endpoint.script(calls(ENVRC), text("So be it."))
    async with connect() as editor:
        editor.answers = [answer] if answer else []
        await editor.says(await editor.begins(repository), "Write it")
        assert editor.asked[0].title == "write .envrc"
        assert "export A=1" in editor.asked[0].content[0].content.text
        assert editor.of("tool_call")[0].tool_call_id == editor.asked[0].tool_call_id
    assert (repository / ".envrc").exists() == done
    assert ("Refused by the user" in results(endpoint)[0]) != done


@pytest.mark.slow
@pytest.mark.parametrize(
    ("answer", "command", "kept"),
    [
        ("s", "touch made", []),
        ("a", "touch made", [("call", "touch made")]),
        ("ap", "touch made -c", [("prefix", "touch made")]),
    ],
)
async def test_a_yes_is_kept_as_narrowly_as_at_a_terminal(
    connect, endpoint, repository, environment, answer, command, kept
):
    rules = [{"ask": "shell(touch *)"}]
    every = ("touch made", command, "touch other")
    endpoint.script(
        *(turn for each in every for turn in (calls(("shell", {"command": each})), text("Done.")))
    )
    async with connect(permissions=rules) as editor:
        editor.answers = [answer]
        session = await editor.begins(repository)
        await editor.says(session, "Do it")
        await editor.says(session, "Again")
        assert [each.option_id for each in editor.options[0]] == ["y", "s", "sp", "a", "ap", "n"]
        asked = len(editor.asked)
    async with connect(permissions=rules) as editor:
        session = await editor.begins(repository)
        await editor.says(session, "Another")
        assert len(editor.asked) == 1 and not (repository / "other").exists()
    assert asked == 1 and (repository / "made").exists()
    file = Path(environment["XDG_CONFIG_HOME"]) / "seedsmith/grants.json"
    grants = json.loads(file.read_text())["grants"] if file.exists() else []
    assert [(each["kind"], each["text"]) for each in grants] == kept


async def test_modes_say_whether_anything_may_be_changed_or_asked(connect, endpoint, repository):
    endpoint.script(calls(EDIT), text("The plan."), calls(ENVRC), text("Not written."))
    async with connect() as editor:
        session = await editor.agent.new_session(cwd=str(repository), mcp_servers=[])
        assert session.modes.current_mode_id == "ask"
        assert [each.id for each in session.modes.available_modes] == ["ask", "auto", "plan"]
        await editor.agent.set_session_mode(session_id=session.session_id, mode_id="plan")
        await editor.says(session.session_id, "Change it")
        assert (repository / "a.txt").read_text() == "one\n" and "only plans" in results(endpoint)[0]
        await editor.agent.set_session_mode(session_id=session.session_id, mode_id="auto")
        await editor.says(session.session_id, "Write it")
        assert not editor.asked and "nobody to ask" in results(endpoint)[-1]
        with pytest.raises(acp.RequestError, match="ask, auto, plan"):
            await editor.agent.set_session_mode(session_id=session.session_id, mode_id="yolo")
    assert [each.current_mode_id for each in editor.of("current_mode_update")] == ["plan", "auto"]


async def test_a_turn_is_cancelled_and_the_session_goes_on(connect, endpoint, repository):
    endpoint.script(calls(("shell", {"command": "sleep 600"})), text("Back again."))
    async with connect() as editor:
        session = await editor.begins(repository)

        def cancel(update):
            if update.session_update == "tool_call":
                editor.cancelling = editor.agent._conn._tasks.create(editor.agent.cancel(session_id=session))

        editor.told = cancel
        assert (await editor.says(session, "Wait")).stop_reason == "cancelled"
        assert editor.of("tool_call_update")[0].status == "failed"
        assert (await editor.says(session, "Go on")).stop_reason == "end_turn"
    assert "nterrupted" in results(endpoint)[0]


async def test_a_prompt_during_another_is_refused(connect, endpoint, repository):
    endpoint.script(calls(("shell", {"command": "until [ -e go ]; do :; done"})), text("Done."))
    async with connect() as editor:
        session = await editor.begins(repository)
        refused = []

        async def second():
            try:
                await editor.says(session, "Another")
            except acp.RequestError as failure:
                refused.append(str(failure))
            (repository / "go").touch()

        def at_the_call(update):
            if update.session_update == "tool_call":
                editor.agent._conn._tasks.create(second())

        editor.told = at_the_call
        await editor.says(session, "One")
    assert "under way" in refused[0]


@pytest.mark.slow
async def test_a_session_is_loaded_resumed_forked_and_closed(connect, endpoint, repository):
    endpoint.script(
        calls(EDIT), reasoning("Hm.", "Changed."), text("Third."), text("Fourth."), text("Fifth.")
    )
    async with connect() as editor:
        session = await editor.begins(repository)
        await editor.says(session, "First")
        await editor.agent.close_session(session_id=session)
        with pytest.raises(acp.RequestError, match="There is no session"):
            await editor.says(session, "Too late")
    async with connect() as editor:
        where = {"cwd": str(repository), "session_id": session, "mcp_servers": []}
        loaded = await editor.agent.load_session(**where)
        assert loaded.modes.current_mode_id == "ask"
        kinds = [update.session_update for _, update in editor.updates[:5]]
        assert (
            kinds
            == ["user_message_chunk", "tool_call", "agent_thought_chunk", "agent_message_chunk"][: len(kinds)]
        )
        assert editor.of("tool_call")[0].status == "completed"
        await editor.says(session, "Second")
        assert said_by_user(endpoint)[-2:] == ["First", "Second"]
        editor.updates.clear()
        await editor.agent.resume_session(**where)
        assert not editor.of("user_message_chunk", "agent_message_chunk")
        copy = (await editor.agent.fork_session(cwd=str(repository), session_id=session)).session_id
        await editor.says(copy, "In the copy")
        await editor.says(session, "In the first")
    assert copy != session
    assert said_by_user(endpoint, -2)[-2:] == ["Second", "In the copy"]
    assert said_by_user(endpoint)[-2:] == ["Second", "In the first"]


async def test_what_is_no_session_or_folder_is_told_in_a_sentence(connect, endpoint, repository, tmp_path):
    endpoint.script(text("Hello."))
    (tmp_path / "other").mkdir()
    async with connect() as editor:
        agent, here = editor.agent, str(repository)
        session = await editor.begins(repository)
        await editor.says(session, "Hi")
        for wrong, words in [
            (agent.load_session(cwd=here, session_id="last"), "There is no session"),
            (agent.load_session(cwd=here, session_id="20990101-1"), "20990101-1"),
            (agent.load_session(cwd=str(tmp_path / "other"), session_id=session), "belongs to"),
            (agent.new_session(cwd="repository"), "whole path"),
            (agent.new_session(cwd=str(tmp_path / "none")), "none"),
            (agent.new_session(cwd=here, additional_directories=["/tmp"]), "one folder"),
            (agent.new_session(cwd=f"{here}\0"), "whole path"),
            (agent.list_sessions(cursor="-1"), "no page"),
            (agent.close_session(session_id="none"), "There is no session"),
            (agent.set_config_option(config_id="model", session_id=session, value="a/b"), "'a'"),
            (agent.set_config_option(config_id="colour", session_id=session, value=True), "colour"),
        ]:
            with pytest.raises(acp.RequestError, match=words):
                await wrong
        with pytest.raises(acp.RequestError) as missing:
            await agent.ext_method("own", {})
    assert missing.value.code == -32601


async def test_a_session_is_deleted_with_its_helpers_and_no_other(connect, endpoint, repository, environment):
    def answer(request):
        done = tool_texts(request) or task_of(request)
        return text("Hello.") if done else calls(("task", {"task": "A"}))

    endpoint.script(answer)
    kept = Path(environment["SEEDSMITH_HOME"], "sessions")

    async def delete(editor, session):
        return await editor.agent._conn.send_request("session/delete", {"sessionId": session})

    async with connect(subagents=True) as editor:
        can = (await editor.agent.initialize(protocol_version=1)).agent_capabilities
        assert can.session_capabilities.delete is not None
        session, other = await editor.begins(repository), await editor.begins(repository)
        await editor.says(session, "Hi")
        await editor.says(other, "Hi")
        assert len(list(kept.iterdir())) == 4
        for _ in range(2):
            assert await delete(editor, session) == {}
        listed = await editor.agent.list_sessions(cwd=str(repository))
        assert [each.session_id for each in listed.sessions] == [other] and len(list(kept.iterdir())) == 2
        for wrong in ("last", "../..", ""):
            assert await delete(editor, wrong) == {}
        with pytest.raises(acp.RequestError, match="There is no session"):
            await editor.says(session, "Hi")
        with pytest.raises(acp.RequestError) as none:
            await editor.agent._conn.send_request("session/delete", {})
    assert none.value.code == -32602 and len(list(kept.iterdir())) == 2


async def test_model_and_effort_are_chosen_in_the_editor(connect, endpoint, repository):
    endpoint.script(text("Hello."), text("Other."))
    async with connect() as editor:
        begun = await editor.agent.new_session(cwd=str(repository), mcp_servers=[])
        assert [(each.id, each.current_value) for each in begun.config_options] == [
            ("model", "openai/scripted"),
            ("effort", "default"),
        ]
        await editor.says(begun.session_id, "Hi")
        for option, value in (("effort", "high"), ("model", "openai/another")):
            done = await editor.agent.set_config_option(
                config_id=option, session_id=begun.session_id, value=value
            )
        assert [each.current_value for each in done.config_options] == ["openai/another", "high"]
        await editor.says(begun.session_id, "Hi")
    body = json.loads(endpoint.requests[-1].raw)
    assert (body["model"], body["reasoning_effort"]) == ("another", "high")


@pytest.mark.slow
async def test_commands_and_skills_are_offered_and_carried_out(connect, endpoint, repository):
    endpoint.script(calls(EDIT), text("Changed."), text("Looked."), text("Written."))
    async with connect() as editor:
        session = await editor.begins(repository)
        await editor.sees(lambda: editor.of("available_commands_update"))
        told = editor.of("available_commands_update")[0].available_commands
        offered = {each.name: each for each in told}
        assert {"verify", "cost", "diff", "undo", "redo", "doctor", "init", "fix-bug"} <= set(offered)
        assert offered["verify"].input.root.hint and offered["cost"].input is None
        await editor.says(session, "/verify grep -q two a.txt")
        await editor.says(session, "Change it")
        verified = editor.of("tool_call")[0], editor.of("tool_call_update")[0]
        assert verified[0].title == "verify grep -q two a.txt" and verified[1].status == "failed"
        assert editor.of("tool_call_update")[-1].status == "completed"
        assert "Verification: `grep -q two a.txt`" in editor.said()
        await editor.says(session, "/diff")
        assert "+two" in editor.said()
        await editor.says(session, "/cost")
        assert "tokens in" in editor.said()
        await editor.says(session, "/verify off")
        await editor.says(session, "/review the last change")
        asked = said_by_user(endpoint)[-1]
        assert asked.startswith("# Skill review") and asked.endswith("the last change")
        await editor.says(session, "/init be short")
        assert "AGENTS.md" in said_by_user(endpoint)[-1] and "be short" in said_by_user(endpoint)[-1]
        assert len(endpoint.requests) == 4


@pytest.mark.slow
async def test_undo_puts_files_back(connect, endpoint, repository, monkeypatch, environment):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    endpoint.script(calls(EDIT), text("Changed."))
    async with connect() as editor:
        session = await editor.begins(repository)
        await editor.says(session, "Change it")
        await editor.says(session, "/undo")
        assert (repository / "a.txt").read_text() == "one\n" and "1 put back" in editor.said()


def picture() -> acp.schema.ImageContentBlock:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(file, "PNG")
    return acp.image_block(base64.b64encode(file.getvalue()).decode(), "image/png")


async def test_pictures_and_files_go_with_a_prompt(connect, endpoint, repository):
    endpoint.script(text("I see."))
    quoted = acp.embedded_text_resource(uri=(repository / "a b.txt").as_uri(), text="unsaved words")
    link = acp.resource_link_block(name="a.txt", uri=(repository / "a.txt").as_uri() + "#L3")
    async with connect() as editor:
        await editor.says(
            await editor.begins(repository), "Look at ", link, " and ", acp.resource_block(quoted), picture()
        )
    parts = said_by_user(endpoint)[-1]
    words = next(part["text"] for part in parts if part["type"] == "text")
    assert f"Look at {repository}/a.txt:3 and {repository}/a b.txt" in words
    assert f'<file path="{repository}/a b.txt">\nunsaved words\n</file>' in words
    assert [part for part in parts if part["type"] == "image_url"]


@pytest.mark.parametrize(
    ("block", "words"),
    [
        (acp.image_block("no base64!", "image/png"), "base64"),
        (acp.image_block(base64.b64encode(b"no picture").decode(), "image/png"), "picture"),
        (acp.audio_block("AAAA", "audio/wav"), "Sound"),
        (acp.resource_block(acp.embedded_blob_resource("file:///a.bin", "AAAA")), "no text"),
    ],
)
async def test_what_the_model_cannot_take_is_refused(connect, endpoint, repository, block, words):
    async with connect() as editor:
        session = await editor.begins(repository)
        with pytest.raises(acp.RequestError, match=words):
            await editor.says(session, "Look", block)
    assert not endpoint.requests


async def test_a_blind_model_announces_no_pictures(pipes, environment):
    environment["SEEDSMITH_MODEL"] = "local/qwen2.5-coder-1.5b"
    async with pipes() as both:
        async with acp.connect_to_agent(object(), both.writer, both.reader) as agent:
            assert not (
                await agent.initialize(protocol_version=1)
            ).agent_capabilities.prompt_capabilities.image


@pytest.mark.slow
async def test_what_is_typed_and_not_saved_is_shown_and_not_written_over(connect, endpoint, repository):
    read, told = ("read", {"path": "a.txt"}), text("Please save it.")
    endpoint.script(calls(read), calls(EDIT), told, calls(EDIT), calls(EDIT_BACK), text("Done."))
    file = repository / "a.txt"
    async with connect(READS_FILES) as editor:
        editor.buffers[str(file)] = "one, typed\n"
        session = await editor.begins(repository)
        await editor.says(session, "Change it")
        shown, refused = results(endpoint)
        assert "unsaved changes of a.txt" in shown and "+one, typed" in shown
        assert "not saved it" in refused and file.read_text() == "one\n"
        editor.buffers[str(file)] = "one\n"  # from here on it never reloads what is on the disk
        await editor.says(session, "Now")
    assert file.read_text() == "three\n"


async def test_the_model_asks_by_a_form_where_the_editor_has_forms(connect, endpoint, repository):
    endpoint.script(calls(("ask", {"question": "Which?", "options": ["red", "blue"]})), text("Blue it is."))
    async with connect(SHOWS_FORMS) as editor:
        editor.form = {"choice": "blue"}
        await editor.says(await editor.begins(repository), "Paint it")
        assert editor.asked[0][0] == "Which?"
    assert "The user answers: blue" in results(endpoint)[0]


async def test_without_forms_the_model_is_offered_no_questions(connect, endpoint, repository):
    endpoint.script(text("Hello."))
    async with connect() as editor:
        await editor.says(await editor.begins(repository), "Hi")
    names = [each["function"]["name"] for each in json.loads(endpoint.requests[0].raw)["tools"]]
    assert "ask" not in names and "edit" in names


async def test_without_a_key_it_is_said_how_one_is_given(pipes, environment, repository):
    for name in ("SEEDSMITH_MODEL", "SEEDSMITH_BASE_URL", "SEEDSMITH_API_KEY"):
        del environment[name]
    async with pipes() as both, acp.connect_to_agent(object(), both.writer, both.reader) as agent:
        can = acp.schema.ClientCapabilities.model_validate({"auth": {"terminal": True}})
        found = await agent.initialize(protocol_version=1, client_capabilities=can)
        assert [each.type for each in found.auth_methods][-1] == "terminal"
        assert found.auth_methods[-1].args == ["--login"]
        for asked in (
            agent.new_session(cwd=str(repository), mcp_servers=[]),
            agent.authenticate(method_id=found.auth_methods[0].id),
        ):
            with pytest.raises(acp.RequestError, match="seedsmith acp --login") as refused:
                await asked
            assert refused.value.code == -32000
        keys = Path(environment["HOME"]) / ".config/seedsmith/keys"
        keys.parent.mkdir(parents=True)
        keys.touch(0o600)
        keys.write_text("WCODE_API_KEY=a-key\n")
        await agent.authenticate(method_id=found.auth_methods[0].id)
        assert (await agent.new_session(cwd=str(repository), mcp_servers=[])).session_id


async def test_a_failing_service_and_a_spent_budget_end_a_prompt(connect, endpoint, repository):
    endpoint.script(error(400, "InvalidParameter", "no such thing"), calls(EDIT))
    async with connect(max_turns="1") as editor:
        session = await editor.begins(repository)
        with pytest.raises(acp.RequestError, match="no such thing"):
            await editor.says(session, "Hi")
        assert (await editor.says(session, "Change it")).stop_reason == "max_turn_requests"


async def test_sessions_work_side_by_side(connect, endpoint, repository, tmp_path):
    (tmp_path / "second").mkdir()
    endpoint.script(lambda request: text(f"Heard: {said_by_user(endpoint)[-1]}"))
    async with connect() as editor:
        first, second = await editor.begins(repository), await editor.begins(tmp_path / "second")
        await asyncio.gather(editor.says(first, "red"), editor.says(second, "blue"))
    said = dict.fromkeys((first, second), "")
    for session, update in editor.updates:
        if update.session_update == "agent_message_chunk":
            said[session] += update.content.text
    assert len(endpoint.requests) == 2 and all(words.startswith("Heard: ") for words in said.values())


async def test_the_editors_own_servers_and_terminals_are_not_used(connect, endpoint, repository):
    endpoint.script(calls(("shell", {"command": "pwd"})), text("Done."))
    server = {"name": "files", "command": "/bin/false", "args": [], "env": []}
    async with connect({"terminal": True, **READS_FILES}) as editor:
        server = acp.schema.McpServerStdio.model_validate(server)
        session = await editor.agent.new_session(cwd=str(repository), mcp_servers=[server])
        await editor.says(session.session_id, "Where?")
        assert "MCP servers are not used" in editor.of("agent_thought_chunk")[0].content.text
    assert str(repository) in results(endpoint)[0]
