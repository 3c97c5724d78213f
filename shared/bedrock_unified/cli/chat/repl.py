"""The talk on a terminal: a line editor with history, and commands that begin with a slash."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...converse.documents import DocumentNames
from ...errors import BedrockError, ConfigurationError
from ..console import say, say_error
from ..state import private_file
from ..usage import UsageError
from ..wording import told
from .asked import content
from .command import Wishes, make_talk, say_answer
from .session import Leave, Session
from .showing import Shown, told_usage

_HISTORY = "history"


def talk_on_terminal(model: str | None, wishes: Wishes, files: Iterable[str], *, verbose: bool) -> None:
    """Talk until Ctrl-D or /exit. Ctrl-C stops an answer, or clears the line; it does not leave.

    Raises:
        UsageError, ConfigurationError: the talk cannot begin; later ones are told, and the talk goes on.
    """
    talk = make_talk(model, wishes)
    session = Session(talk, wishes)
    for file in files:
        session.attach(file)
    say(f"{talk.model_id} in {talk.parameters.bedrock.region}. /help for help, Ctrl-D to leave.")
    editor = _editor()
    try:
        while True:
            try:
                line = editor.prompt("> ")
            except KeyboardInterrupt:
                continue  # the line is cleared; Ctrl-D leaves
            except EOFError:
                return
            try:
                _take(session, line, verbose=verbose)
            except Leave:
                return
            except KeyboardInterrupt:
                say("(stopped)")
            except UsageError as error:
                say_error(str(error))
            except BedrockError as error:
                say_error(told(error))
    finally:
        talk.parameters.bedrock.close()


def _take(session: Session, line: str, *, verbose: bool) -> None:
    """A line: a command, or what to say to the model; two slashes at its beginning mean one."""
    text = line.strip()
    if not text:
        return
    if text.startswith("/") and not text.startswith("//"):
        session.command(text)
        return
    names = DocumentNames()
    question = content(text.removeprefix("/") if text.startswith("//") else text, session.pending, names)
    answer = say_answer(session.talk, question, Shown())
    session.pending.clear()
    if verbose:
        say(told_usage(answer))


def _editor() -> Any:
    """The line editor: Enter sends, Alt-Enter begins a new line, the arrows go through the history."""
    from prompt_toolkit import PromptSession
    from prompt_toolkit.history import FileHistory, History, InMemoryHistory
    from prompt_toolkit.key_binding import KeyBindings

    from .completing import Commands

    keys = KeyBindings()

    @keys.add("enter")
    def _send(event: Any) -> None:
        event.current_buffer.validate_and_handle()

    @keys.add("escape", "enter")
    def _new_line(event: Any) -> None:
        event.current_buffer.insert_text("\n")

    history: History = InMemoryHistory()
    try:
        history = FileHistory(str(private_file(_HISTORY)))
    except ConfigurationError as error:
        say(f"note: there will be no history: {error.message}")
    session: Any = PromptSession
    return session(
        history=history,
        key_bindings=keys,
        multiline=True,
        completer=Commands(),
        complete_while_typing=False,
        prompt_continuation="  ",
        enable_open_in_editor=False,
        enable_suspend=True,  # Ctrl-Z
    )
