"""The search with real files, real tests in the sandbox, and a model that answers from a script."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from small_house import House, answer

from seedsmith.agent.calls.approval import CallPolicy
from seedsmith.agent.calls.dispatch import Dispatcher
from seedsmith.agent.calls.gates import ApprovalGate
from seedsmith.agent.calls.runner import CallRunner
from seedsmith.agent.conversation import UserMessage
from seedsmith.agent.events import TRY, NoticeGiven, ToolFinished
from seedsmith.agent.loop.budget import Budget, Limits
from seedsmith.agent.repair.repair import Repair
from seedsmith.sandbox.choose.select import choose
from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.isolation.base import Policy
from seedsmith.sandbox.workspace.spill import SpillStore
from seedsmith.tools.base import ToolContext
from seedsmith.tools.registry import default_tools

PROGRAM = '''def largest(values):
    """The largest of some values."""
    best = values[0]
    for value in values:
        if value < best:
            best = value
    return best
'''
TEST = "from program import largest\n\n\ndef test_largest():\n    assert largest([1, 3, 2]) == 3\n"
COMMAND = "python -m pytest -q -p no:cacheprovider"


class Answering:
    """A model whose answer depends on the question."""

    provider, name, wire, context_tokens, priced, vision = "local", "played", "chat", 1000, False, False

    def __init__(self, choose_answer: Callable[[str], str]) -> None:
        self.choose_answer = choose_answer
        self.asked: list[str] = []

    async def stream(self, request):
        question = request.continue_text or next(
            item.text for item in request.items if isinstance(item, UserMessage)
        )
        self.asked.append(question)
        yield answer(self.choose_answer(question))


async def agreed() -> None:
    return None


@pytest.fixture
def search(tmp_path: Path):
    root = tmp_path / "work"
    root.mkdir()
    (root / "program.py").write_text(PROGRAM)
    (root / "test_program.py").write_text(TEST)
    house = House(root, tmp_path / "home")
    policy = Policy(root, house.session.folder / "tmp", tmp_path / "home")
    spills = SpillStore(house.session.folder / "spills")
    runner = ProcessRunner(choose("auto", policy), policy, spills)
    context = ToolContext(house.workspace, runner, spills)
    tools = {tool.spec.name: tool for tool in default_tools()}
    gates = (ApprovalGate(CallPolicy(confined=True, can_ask=False), house.sink),)
    runner = CallRunner(tools, context, house.sink, house.redactor, gates=gates)
    dispatcher = Dispatcher(runner, house.session)

    def make(choose_answer, command=COMMAND, check=agreed, turns=200, sandbox="auto"):
        model = Answering(choose_answer)
        context.processes.isolation = choose(sandbox, policy)
        budget = Budget(Limits(turns=turns))
        repair = Repair(command, house.run_context(model, budget), dispatcher, context, check)
        return repair, model, house

    return make


RIGHT = (PROGRAM.replace("value < best", "value > best"), PROGRAM.replace("value < best", "best < value"))


def by_kind(question: str) -> str:
    """Wrong for every line but the fifth."""
    if "# wrong: if value < best:" in question:
        return "if value > best:"
    if "Write the corrected function" in question:
        return f"```python\n{PROGRAM.replace('values[0]', 'values[-1]')}```"
    return "best = values[-1]"


@pytest.mark.slow  # several starts of pytest
async def test_what_fails_is_put_back_what_passes_stays_and_each_question_stands_alone(search) -> None:
    repair, model, house = search(by_kind)
    result = await repair.run()
    assert result.status == "done"
    assert (house.root / "program.py").read_text() in RIGHT
    assert (house.root / "test_program.py").read_text() == TEST
    assert "if value > best:" in result.text or "if best < value:" in result.text
    suspects = next(e.message for e in house.seen.of(NoticeGiven) if e.code == "suspects")
    assert "largest (program.py:1)" in suspects


@pytest.mark.slow
async def test_a_change_that_the_proof_refuses_is_put_back(search) -> None:
    async def refused() -> str:
        return "still red"

    repair, _, house = search(by_kind, check=refused, turns=1)
    result = await repair.run()
    assert result.status == "budget"
    assert (house.root / "program.py").read_text() == PROGRAM


@pytest.mark.slow
async def test_nothing_unproven_stays_when_the_time_is_up(search, tmp_path) -> None:
    program = tmp_path / "work" / "program.py"
    (tmp_path / "work" / "as_it_was.txt").write_text(PROGRAM)
    command = f"cmp -s program.py as_it_was.txt || sleep 60; {COMMAND}"
    repair, _, house = search(by_kind, command=command, sandbox="off")
    task = asyncio.ensure_future(repair.run())
    while program.read_text() == PROGRAM:
        assert not task.done()
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert program.read_text() == PROGRAM


@pytest.mark.slow
async def test_the_workspace_itself_holds_no_change_but_the_proven_one(search) -> None:
    seen: list[str] = []

    async def noted() -> None:
        seen.append((house.root / "program.py").read_text())

    repair, _, house = search(by_kind, check=noted)
    before = len(house.session.conversation)
    assert (await repair.run()).status == "done"
    assert len(seen) == 1 and seen[0] in RIGHT
    assert len(house.session.conversation) == before + 2, "the edit that stays and its result"
    shown = [each.call for each in house.seen.of(ToolFinished) if each.call.startswith(TRY)]
    assert len(set(shown)) == len(shown) > 2, "people see what is tried all the same"
    assert not list((house.session.folder / "tries").iterdir())


@pytest.mark.slow  # several starts of pytest
async def test_a_neighbouring_operator_is_found_without_the_models_help(search) -> None:
    repair, model, house = search(lambda question: "I don't know.")
    result = await repair.run()
    assert result.status == "done"
    fixed = (house.root / "program.py").read_text()
    assert fixed in (PROGRAM.replace("<", ">"), PROGRAM.replace("value < best", "best < value"))
    assert "not the model's" in result.text


async def test_it_says_so_when_two_changes_pass(search) -> None:
    command = "python -c 'import program; assert program.largest([3, 5]) == 5'"
    repair, _, _ = search(lambda question: "I don't know.", command=command, check=agreed)
    result = await repair.run()
    assert result.status == "done" and "Changed program.py" in result.text


@pytest.mark.slow
async def test_answers_that_help_nothing_end_with_a_reason(search) -> None:
    command = "python -c 'import program; assert program.largest([1]) == 99'"
    repair, _, house = search(lambda question: "I don't know.", command=command, turns=12)
    result = await repair.run()
    assert result.status == "budget" and "none passed" in result.reason
    assert (house.root / "program.py").read_text() == PROGRAM


@pytest.mark.slow
async def test_a_replay_goes_by_the_experiments_that_were_recorded(search) -> None:
    class Recorded:
        def __init__(self) -> None:
            self.told = []

        def measured(self, seconds):
            return seconds

        def found(self, lines):
            self.told.append(lines)
            return {"program.py": {3: 1.0}}

        def recent(self, lines):
            return lines

    repair, model, _ = search(lambda question: "I don't know.", turns=1)
    repair._facts = recorded = Recorded()
    await repair.run()
    assert max(recorded.told[0]["program.py"], key=recorded.told[0]["program.py"].get) == 5
    assert "# wrong: best = values[0]" in model.asked[0]
