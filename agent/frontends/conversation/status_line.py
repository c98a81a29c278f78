"""The line below the prompt: model, effort, context, price tier, cost, sandbox, how calls are approved."""

from __future__ import annotations

from collections.abc import Collection

from prompt_toolkit.utils import get_cwidth

from seedsmith.agent import events
from seedsmith.agent.frontends.languages.language import Words
from seedsmith.agent.frontends.terminal import visible

_LEFT_OUT = ("last", "tier", "sandbox", "effort", "context", "model")
"""What is left out, one after the other, where the line is too long for the terminal."""


class StatusLine:
    """A front end that keeps count over all runs of a conversation."""

    def __init__(self, context_tokens: int = 0, words: Words | None = None) -> None:
        """``context_tokens`` is the model's window; 0 where it is not known."""
        self._words = words or Words()
        self.context_tokens = context_tokens
        self.model = ""
        self.session = ""
        self.sandbox = ""
        self.tier = ""
        self.cost: float | None = None
        """Yuan of all questions so far; None where none had a price."""
        self.last_cost: float | None = None
        """Of the last turn: what came of the newest message."""
        self.used_tokens = 0
        """Of the last question and its answer: what the window holds now."""
        self.input_tokens = self.output_tokens = 0

    def anew(self, session: str) -> StatusLine:
        """One that counts from nothing, for another ``session``."""
        other = StatusLine(self.context_tokens, self._words)
        other.session, other.model, other.sandbox = session, self.model, self.sandbox
        return other

    def show(self, envelope: events.Envelope) -> None:
        """Take what ``envelope`` says of the run."""
        self.session = envelope.session or self.session
        match envelope.event:
            case events.SessionStarted() as started:
                self.model = f"{started.provider}/{started.model}".removeprefix("/")
                self.sandbox = started.sandbox
                self.last_cost = None
            case events.UsageReported() as usage:
                self.used_tokens = usage.input_tokens + usage.output_tokens
                self.input_tokens += usage.input_tokens
                self.output_tokens += usage.output_tokens
                self.tier = usage.tier
                if usage.cost_cny is not None:
                    self.last_cost = (self.last_cost or 0.0) + usage.cost_cny
                    self.cost = (self.cost or 0.0) + usage.cost_cny

    def close(self) -> None:
        """Nothing is held."""

    def text(self, mode: str, *, effort: str = "", running: int = 0, width: int = 0) -> str:
        """The line, its parts left out where nothing is known of them.

        ``running`` is how many commands run in the background. In ``width`` columns (0: any number) whole
        parts are left out, the least important first.
        """
        for count in range(len(_LEFT_OUT) + 1):
            line = self._line(mode, effort, running, _LEFT_OUT[:count])
            if not width or get_cwidth(line) <= width:
                break
        return line

    def _line(self, mode: str, effort: str, running: int, without: Collection[str]) -> str:
        words, cost = self._words, ""
        if self.cost is not None:
            last = self.last_cost is not None and "last" not in without
            cost = f"¥{self.cost:.4f}{words('status.last', cost=f'{self.last_cost:.4f}') if last else ''}"
        parts = {
            "mode": mode,
            "model": self.model,
            "effort": effort and words("status.effort", effort=effort),
            "context": self._context(),
            "tier": self.tier and words("status.tier", tier=self.tier),
            "cost": cost,
            "sandbox": self.sandbox and words("status.sandbox", sandbox=self.sandbox),
            "running": words("status.running", running=running) if running else "",
        }
        return visible(" · ".join(part for name, part in parts.items() if part and name not in without))

    def bar(self, width: int = 40, *, least: int = 0) -> str:
        """How full the window is, as a bar of ``width`` characters and in figures.

        ``least`` is an estimate of what it holds, for a session of which nothing was asked here yet.
        """
        used = self.used_tokens or least
        if not self.context_tokens:
            return self._words("context.unknown", used=used)
        share = min(used / self.context_tokens, 1.0)
        filled = round(share * width)
        figures = self._words("context.figures", used=used, whole=self.context_tokens, share=f"{share:.0%}")
        return f"[{'#' * filled}{'.' * (width - filled)}] {figures}"

    def _context(self) -> str:
        if not self.used_tokens:
            return ""
        if not self.context_tokens:
            return self._words("status.context", used=self.used_tokens)
        share = f"{self.used_tokens / self.context_tokens:.0%}"
        return self._words("status.share", share=share, whole=self.context_tokens // 1000)
