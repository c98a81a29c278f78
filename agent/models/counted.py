"""What a question took in tokens, also where the service does not say. Pure, no I/O."""

from __future__ import annotations

from agent.estimate import item_tokens, text_tokens, tool_tokens
from agent.models.base import Request, Usage
from agent.models.stream import AnswerAssembler


def counted(request: Request, assembler: AnswerAssembler) -> tuple[Usage, bool]:
    """The usage of a complete answer, and whether it is an estimate.

    A service that counts nothing, or no input, would leave a run without its limits of tokens and money.
    """
    told = assembler.usage or Usage()
    if told.input_tokens:
        return told, False
    asked = sum(item_tokens(item) for item in request.items) + text_tokens(request.continue_text)
    if request.tools:
        asked += tool_tokens(request.tools)
    calls = sum(text_tokens(call.name) + text_tokens(call.arguments) for call in assembler.calls)
    thought = text_tokens(assembler.reasoning)
    said = text_tokens(assembler.text) + thought + calls
    return Usage(
        input_tokens=max(1, asked),
        output_tokens=max(1, said, told.output_tokens),
        reasoning_tokens=told.reasoning_tokens or thought,
    ), True
