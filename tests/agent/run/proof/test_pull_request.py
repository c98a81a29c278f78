"""The text of a pull request, from what the model said in either language."""

from __future__ import annotations

import pytest

from seedsmith.agent.run.proof.pull_request import pull_request
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
