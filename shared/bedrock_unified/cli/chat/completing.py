"""What Tab offers in a talk: its commands, models, and paths."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter
from prompt_toolkit.document import Document

from ..completion import model_names

_COMMANDS = ("/help", "/model ", "/system ", "/file ", "/clear", "/save ", "/usage", "/exit")


class Commands(Completer):
    """Commands at a line's beginning; behind /model models, behind /file and /save paths."""

    def __init__(self) -> None:
        self._paths = PathCompleter(expanduser=True)

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """What may stand where the cursor is."""
        text = document.text_before_cursor
        command, blank, rest = text.partition(" ")
        if not blank:
            if text.startswith("/"):
                yield from (Completion(one, -len(text)) for one in _COMMANDS if one.startswith(text))
        elif command == "/model":
            yield from (Completion(name, -len(rest)) for name in model_names(rest))
        elif command in ("/file", "/save"):
            inner: Any = Document(rest, len(rest))
            yield from self._paths.get_completions(inner, complete_event)
