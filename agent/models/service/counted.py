"""What a question took in tokens, also where the service does not say. Pure, no I/O."""

from __future__ import annotations

from seedsmith.agent.models.base import Request, Usage
from seedsmith.agent.models.service.estimate import item_tokens, text_tokens, tool_tokens
from seedsmith.agent.models.stream.stream import AnswerAssembler


def counted(request: Request, assembler: AnswerAssembler) -> tuple[Usage, bool]:
    """The usage of a complete answer, and whether it is an estimate.

    A service that counts nothing would leave a run without its limits of tokens and money.
    """
    told = assembler.usage or Usage()
    calls = sum(text_tokens(call.name) + text_tokens(call.arguments) for call in assembler.calls)
    thought = text_tokens(assembler.reasoning)
    said = text_tokens(assembler.text) + thought + calls
    if told.input_tokens and (told.output_tokens or not said):
        return told, False
    asked = sum(item_tokens(item) for item in request.items) + text_tokens(request.continue_text)
    if request.tools:
        asked += tool_tokens(request.tools)
    return Usage(
        input_tokens=told.input_tokens or max(1, asked),
        cached_tokens=told.cached_tokens,
        output_tokens=told.output_tokens or max(1, said),
        reasoning_tokens=told.reasoning_tokens or thought,
    ), True
