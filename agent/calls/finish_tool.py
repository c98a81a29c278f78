"""The tool by which a model that must call a tool in every turn says that it is done."""

from __future__ import annotations

from seedsmith.tools.base import Access, InvalidArguments, JsonObject, ToolContext, ToolResult, ToolSpec

NAME = "finish"


class FinishTool:
    """Takes the model's final message; the loop ends with it."""

    spec = ToolSpec(
        NAME,
        "Say that the task is done.",
        {
            "type": "object",
            "properties": {"message": {"type": "string", "description": "What was wrong, what you changed."}},
            "required": ["message"],
            "additionalProperties": False,
        },
    )

    def parse(self, arguments: JsonObject) -> str:
        """The message; raises :class:`InvalidArguments` for anything else."""
        message = arguments.get("message")
        if set(arguments) != {"message"} or not isinstance(message, str):
            raise InvalidArguments("finish takes exactly one argument: message, a string.")
        return message

    def access(self, parsed: str) -> Access:
        """Touches nothing."""
        return Access()

    async def run(self, parsed: str, context: ToolContext) -> ToolResult:
        """Give the message back; an empty one says so."""
        return ToolResult(ok=True, text=parsed.strip() or "Done.", summary="done")
