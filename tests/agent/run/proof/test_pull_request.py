"""The text of a pull request, from what the model said in either language."""

from __future__ import annotations

import pytest

from seedsmith.agent.errors import UsageError
from seedsmith.agent.run.proof.pull_request import pull_request, refuse_other_file
from seedsmith.agent.sessions.outcome import Outcome


@pytest.mark.parametrize(
    "said",
    [
        "Done.\n\nCause: the length is 0.\nChange: calc.py:2 gives 0.\nRisk: none.",
        "**Cause:** the length is 0.\n- **Change**: calc.py:2 gives 0.\n> RISK : none.",
        "原因:the length is 0.\n改动:calc.py:2 gives 0.\n风险: none.",
        "**原因**:the length is 0.\n**修改:** calc.py:2 gives 0.\n风险:none.",
    ],
)
def test_cause_change_and_risk_are_read(said):
    text = pull_request(Outcome("done", said, files_changed=("calc.py",)), said, "mean([]) raises")
    assert text.startswith("# the length is 0.\n")
    assert "## Change\n\ncalc.py:2 gives 0.\n\nFiles: `calc.py`" in text
    assert "## Risk\n\nnone." in text and "> mean([]) raises" in text


@pytest.mark.parametrize(
    ("cause", "title"),
    [
        ("the length is 0", "the length is 0"),
        ("wrong " * 14, f"{('wrong ' * 12).rstrip()}…"),
        ("长" * 80, f"{'长' * 71}…"),
    ],
)
def test_a_long_title_is_cut_between_words(cause, title):
    text = pull_request(Outcome("done", ""), f"Cause: {cause}", "")
    assert text.splitlines()[0] == f"# {title}"


def test_the_text_takes_no_other_files_place(tmp_path):
    earlier = tmp_path / "pull.md"
    earlier.write_text(pull_request(Outcome("done", ""), "Cause: a.", "b"))
    (tmp_path / "empty.md").touch()
    for name in ("pull.md", "empty.md", "new.md"):
        refuse_other_file(tmp_path / name)
    (tmp_path / "calc.py").write_text("def mean(): ...")
    for name, why in (
        ("calc.py", "would take the place"),
        ("no/new.md", "no such folder"),
        (".", "Is a directory"),
    ):
        with pytest.raises(UsageError, match=why):
            refuse_other_file(tmp_path / name)
