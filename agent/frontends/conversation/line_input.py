"""Where the person types: keys, history, long pastes folded to a mark."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import Protocol

from prompt_toolkit import PromptSession
from prompt_toolkit.application import run_in_terminal
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.enums import EditingMode
from prompt_toolkit.filters import Condition, emacs_mode, vi_navigation_mode
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.history import FileHistory, InMemoryHistory
from prompt_toolkit.input import Input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.output import Output
from prompt_toolkit.patch_stdout import patch_stdout
from prompt_toolkit.utils import is_dumb_terminal

from seedsmith.agent.errors import UsageError
from seedsmith.agent.frontends.conversation.completion import TYPED_PATH
from seedsmith.agent.frontends.conversation.reflow import breaks_lines_anew, follow_reflow

_ESCAPE_SECONDS = 0.1
"""So long an Esc may be the beginning of what another key sends; half a second is felt."""
LONG_PASTE_LINES = 8
LONG_PASTE_CHARACTERS = 800
_MARK = re.compile(r"\[pasted text (\d+): [\d,]+ lines?\]")


class KeyActions(Protocol):
    """What keys do besides editing."""

    @property
    def working(self) -> bool:
        """Whether a turn is under way."""
        ...

    def interrupt(self) -> bool:
        """Stop what is under way; False where nothing is."""

    def about_to_leave(self) -> None:
        """Say that the same key again leaves."""

    def take_back(self) -> str:
        """Return a message that still waits, for editing; '' without one."""

    def show_thoughts(self) -> None:
        """Show the model's last thinking whole."""

    def show_output(self) -> None:
        """Show the whole output of the last call."""

    def leave_running(self) -> bool:
        """Send the command that is awaited to the background; False where none is."""

    def switch_approval(self) -> None:
        """Go on to the next way of approving calls."""

    async def edit(self, text: str) -> str | None:
        """Let the person edit ``text`` in an editor; None where it was not saved."""
        ...

    async def clipboard_picture(self) -> str:
        """The place of the picture in the clipboard, as a message names it; '' where there is none."""
        ...


class LineInput:
    """One prompt that is asked again and again."""

    def __init__(
        self,
        keys: KeyActions,
        message: Callable[[], StyleAndTextTuples],
        toolbar: Callable[[], str],
        *,
        history: Path | None = None,
        completer: Completer | None = None,
        terminal: tuple[Input, Output] | None = None,
    ) -> None:
        """``message`` is what stands before the cursor, ``toolbar`` the line below.

        ``history`` is the file that keeps what was typed. ``terminal`` is another than the process's own.
        """
        self._keys = keys
        self._pastes: list[str] = []
        self._put_aside: Document | None = None
        self.asks_unseen = False
        """Whether a question is asked that the screen doesn't show yet."""
        self.typed = ""
        """What stands in the next line already."""
        self._leaving = False
        own_input, own_output = terminal or (None, None)
        self._session: PromptSession[str] = PromptSession(
            message=message,
            bottom_toolbar=toolbar,
            multiline=True,
            history=_KeptHistory(history, self._folded, self._whole) if history else InMemoryHistory(),
            completer=completer,
            complete_while_typing=True,
            key_bindings=self._bindings(),
            enable_suspend=True,
            editing_mode=EditingMode.EMACS,
            erase_when_done=True,
            refresh_interval=0.5,
            input=own_input,
            output=own_output,
        )
        if breaks_lines_anew(os.environ):
            follow_reflow(self._session.app)
        self._session.app.ttimeoutlen = _ESCAPE_SECONDS
        self._session.app.after_render += lambda _: self._rendered()

    async def read(self) -> str:
        """Wait for a message; raises EOFError where the person leaves."""
        self._leaving = False
        typed, self.typed = self.typed, ""
        with self._session.input.raw_mode():  # before keys typed ahead, which may ask the terminal something
            text = await self._session.prompt_async(default=typed)
        return self._whole(text).rstrip()

    @staticmethod
    def beside_output() -> AbstractContextManager[None]:
        """While messages are read what is printed goes above them; at once where nothing is drawn anew.

        What is held back for a moment would stand behind a prompt that is written meanwhile.
        """
        return nullcontext() if is_dumb_terminal() else patch_stdout(raw=True)

    def redraw(self) -> None:
        """Show the message and the toolbar as they are now."""
        self._session.app.invalidate()

    def put_aside(self) -> None:
        """Empty the line for a question; :meth:`put_back` brings back what was typed."""
        buffer = self._session.default_buffer
        self._put_aside = buffer.document
        self.asks_unseen = not is_dumb_terminal()  # where nothing is drawn anew
        buffer.reset()
        self.redraw()

    def _rendered(self) -> None:
        """A question that was drawn is seen once the keys that were waiting then are read."""
        if self.asks_unseen:
            loop = asyncio.get_running_loop()
            loop.call_soon(loop.call_soon, self._question_seen)

    def _question_seen(self) -> None:
        """Put aside what was typed while the question was not seen yet."""
        if not self.asks_unseen:
            return
        self.asks_unseen = False
        buffer = self._session.default_buffer
        if buffer.text and self._put_aside is not None:
            self._put_aside = Document(self._put_aside.text + buffer.text)
            buffer.reset()
            self.redraw()

    def put_back(self) -> None:
        """Bring back what :meth:`put_aside` took."""
        self._session.default_buffer.document, self._put_aside = self._put_aside or Document(), None
        self.redraw()

    def bring_back(self, messages: Sequence[str]) -> None:
        """Let ``messages`` stand before what is typed, or what was put aside."""
        if not messages:
            return
        buffer = self._session.default_buffer
        typed = buffer.document if self._put_aside is None else self._put_aside
        whole = Document("\n\n".join([*map(self._folded, messages), *([typed.text] if typed.text else [])]))
        if self._put_aside is None:
            buffer.document = whole
        else:
            self._put_aside = whole
        self.redraw()

    async def edit(self, text: str) -> str | None:
        """Let the person edit ``text`` in ``$VISUAL`` or ``$EDITOR``; None where it was not saved.

        Raises UsageError where the editor fails.
        """
        import click

        try:
            return await run_in_terminal(lambda: click.edit(text), in_executor=True)
        except click.ClickException as error:
            raise UsageError(f"Nothing was edited: {error.message.rstrip('.')}.") from error

    @property
    def output(self) -> Output:
        """The terminal that is written to."""
        return self._session.output

    @property
    def width(self) -> int:
        """Columns of the terminal."""
        return self._session.output.get_size().columns

    @property
    def vi(self) -> bool:
        """Whether vi's keys are in use."""
        return self._session.editing_mode == EditingMode.VI

    @vi.setter
    def vi(self, on: bool) -> None:
        self._session.editing_mode = EditingMode.VI if on else EditingMode.EMACS

    def _bindings(self) -> KeyBindings:
        bindings = KeyBindings()
        bindings.add("c-o")(lambda event: self._keys.show_output())
        bindings.add("c-t")(lambda event: self._keys.show_thoughts())
        bindings.add("s-tab")(lambda event: self._keys.switch_approval())
        bindings.add("c-v", filter=Condition(lambda: not self.vi))(self._paste_picture)
        bindings.add("c-x", "c-e", filter=emacs_mode)(self._open_editor)
        bindings.add("v", filter=vi_navigation_mode)(self._open_editor)
        emacs_or_vi_normal = Condition(lambda: not self.vi) | vi_navigation_mode
        escape = bindings.add("escape", filter=emacs_or_vi_normal, eager=Condition(self._stops_at_once))
        escape(lambda event: self._keys.interrupt())

        @bindings.add("enter")
        def _(event: KeyPressEvent) -> None:
            buffer = event.current_buffer
            if self.asks_unseen:
                buffer.insert_text("\n")
            elif completion := _meant(buffer):
                buffer.apply_completion(completion)
            elif buffer.document.text_before_cursor.endswith("\\"):
                buffer.delete_before_cursor()
                buffer.insert_text("\n")
            else:
                buffer.validate_and_handle()

        @bindings.add("escape", "enter")
        def _(event: KeyPressEvent) -> None:
            event.current_buffer.insert_text("\n")

        @bindings.add("c-c")
        def _(event: KeyPressEvent) -> None:
            if self._keys.interrupt():
                self._leaving = False
            elif event.current_buffer.text:
                event.current_buffer.reset()
                self._leaving = False
            elif self._leaving:
                event.app.exit(exception=EOFError)
            else:
                self._leaving = True
                self._keys.about_to_leave()

        @bindings.add("up", filter=Condition(lambda: not self._session.default_buffer.text))
        def _(event: KeyPressEvent) -> None:
            if message := self._keys.take_back():
                event.current_buffer.insert_text(self._folded(message))
            else:
                event.current_buffer.auto_up()

        @bindings.add("c-b")
        def _(event: KeyPressEvent) -> None:
            if not self._keys.leave_running():
                event.current_buffer.cursor_left()

        @bindings.add(Keys.BracketedPaste)
        def _(event: KeyPressEvent) -> None:
            event.current_buffer.insert_text(self._folded(event.data))

        return bindings

    def _stops_at_once(self) -> bool:
        """Whether Esc was pressed to stop a turn: nothing came with it that it could be the beginning of."""
        return self._keys.working and not self._session.app.key_processor.input_queue

    def _open_editor(self, event: KeyPressEvent) -> None:
        """Edit the line in an editor; it comes back to be looked at, and is sent by Enter."""
        buffer = event.current_buffer

        async def edit() -> None:
            typed = self._whole(buffer.text)
            edited = await self._keys.edit(typed)
            if edited is not None:
                folds = typed != buffer.text
                text = edited.removesuffix("\n")
                buffer.document = Document(self._folded(text) if folds else text)

        event.app.create_background_task(edit())

    def _paste_picture(self, event: KeyPressEvent) -> None:
        async def paste() -> None:
            event.current_buffer.insert_text(await self._keys.clipboard_picture())

        event.app.create_background_task(paste())

    def _whole(self, text: str) -> str:
        """``text`` with what its marks stand for; what only looks like a mark stays."""

        def pasted(mark: re.Match[str]) -> str:
            number = int(mark[1])
            return self._pastes[number - 1] if 0 < number <= len(self._pastes) else mark[0]

        return _MARK.sub(pasted, text)

    def _folded(self, pasted: str) -> str:
        """A long text as a mark that stands for it."""
        text = pasted.replace("\r\n", "\n").replace("\r", "\n")
        lines = text.count("\n") + 1
        if lines <= LONG_PASTE_LINES and len(text) <= LONG_PASTE_CHARACTERS:
            return text
        self._pastes.append(text)
        return f"[pasted text {len(self._pastes)}: {lines:,} line{'' if lines == 1 else 's'}]"


def _meant(buffer: Buffer) -> Completion | None:
    """The completion that Enter takes: the one gone to, behind ``@`` else the first."""
    state = buffer.complete_state
    if state is None or state.current_completion or not state.completions:
        return state.current_completion if state else None
    path = TYPED_PATH.search(buffer.document.text_before_cursor)
    found = [each.text for each in state.completions]
    return state.completions[0] if path and path[1] and path[1] not in found else None


class _KeptHistory(FileHistory):
    """What was typed, in a file; where that can't be written the conversation goes on all the same.

    The file holds long texts whole: marks stand for them in one conversation only.
    """

    def __init__(self, path: Path, folded: Callable[[str], str], whole: Callable[[str], str]) -> None:
        super().__init__(str(path))
        self._folded_text = folded
        self._whole_text = whole

    def load_history_strings(self) -> Iterable[str]:
        return map(self._folded_text, super().load_history_strings())

    def store_string(self, string: str) -> None:
        with suppress(OSError):
            super().store_string(self._whole_text(string))
