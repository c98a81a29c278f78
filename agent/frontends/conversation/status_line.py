"""The line below the prompt: model, effort, context, price tier, cost, sandbox, how calls are approved."""

from __future__ import annotations

from seedsmith.agent import events
from seedsmith.agent.frontends.terminal import visible


class StatusLine:
    """A front end that keeps count over all runs of a conversation."""

    def __init__(self, context_tokens: int = 0) -> None:
        """``context_tokens`` is the model's window; 0 where it is not known."""
        self.context_tokens = context_tokens
        self.model = ""
        self.session = ""
        self.sandbox = ""
        self.tier = ""
        self.cost: float | None = None
        """Yuan of all questions so far; None where none had a price."""
        self.last_cost: float | None = None
        self.used_tokens = 0
        """Of the last question and its answer: what the window holds now."""
        self.input_tokens = self.output_tokens = 0

    def show(self, envelope: events.Envelope) -> None:
        """Take what ``envelope`` says of the run."""
        self.session = envelope.session or self.session
        match envelope.event:
            case events.SessionStarted() as started:
                self.model = f"{started.provider}/{started.model}".removeprefix("/")
                self.sandbox = started.sandbox
            case events.UsageReported() as usage:
                self.used_tokens = usage.input_tokens + usage.output_tokens
                self.input_tokens += usage.input_tokens
                self.output_tokens += usage.output_tokens
                self.tier = usage.tier
                self.last_cost = usage.cost_cny
                if usage.cost_cny is not None:
                    self.cost = (self.cost or 0.0) + usage.cost_cny

    def close(self) -> None:
        """Nothing is held."""

    def text(self, *, effort: str = "", approve: str = "") -> str:
        """The line, its parts left out where nothing is known of them."""
        parts = [
            self.model,
            effort and f"effort {effort}",
            self._context(),
            self.tier and f"tier {self.tier}",
        ]
        if self.cost is not None:
            last = "" if self.last_cost is None else f" (last ¥{self.last_cost:.4f})"
            parts.append(f"¥{self.cost:.4f}{last}")
        parts += [self.sandbox and f"sandbox {self.sandbox}", approve]
        return visible(" · ".join(part for part in parts if part))

    def bar(self, width: int = 40) -> str:
        """How full the window is, as a bar of ``width`` characters and in figures."""
        if not self.context_tokens:
            return f"{self.used_tokens:,} tokens; how many the model takes is not known"
        share = min(self.used_tokens / self.context_tokens, 1.0)
        filled = round(share * width)
        figures = f"{self.used_tokens:,} of {self.context_tokens:,} tokens ({share:.0%})"
        return f"[{'#' * filled}{'.' * (width - filled)}] {figures}"

    def _context(self) -> str:
        if not self.used_tokens:
            return ""
        if not self.context_tokens:
            return f"context {self.used_tokens:,}"
        return f"context {self.used_tokens / self.context_tokens:.0%} of {self.context_tokens // 1000}k"
