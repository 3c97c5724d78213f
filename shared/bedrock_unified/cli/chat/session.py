"""The commands of a talk."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path

import typer

from ...converse.documents import DocumentNames
from ..console import say
from ..usage import UsageError
from .command import Wishes, reached
from .files import block_of
from .talk import Talk


class Leave(Exception):
    """The talk is over."""


class Session:
    """A talk with what goes with its next question.

    Attributes:
        talk: the talk.
        pending: files that go with the next question.
    """

    def __init__(self, talk: Talk, wishes: Wishes) -> None:
        self.talk = talk
        self.pending: list[str] = []
        self._wishes = wishes
        self._commands: Mapping[str, Callable[[str], None]] = {
            "help": self._help,
            "model": self._model,
            "system": self._system,
            "file": self._file,
            "clear": self._clear,
            "save": self._save,
            "usage": self._usage,
            "exit": self._exit,
            "quit": self._exit,
        }

    def command(self, text: str) -> None:
        """Do what a line that begins with a slash says.

        Raises:
            UsageError: there is no such command, or it cannot be done.
            Leave: the talk is over.
        """
        name, _, rest = text.removeprefix("/").partition(" ")
        found = self._commands.get(name)
        if found is None:
            near = get_close_matches(name, self._commands, n=1, cutoff=0.5)
            meant = f"did you mean /{near[0]}? " if near else "/help tells what there is. "
            raise UsageError(
                f"there is no command /{name[:80]}\nHint: {meant}A text that begins with / is sent as //"
            )
        found(rest.strip())

    def attach(self, file: str) -> None:
        """Send a file with the next question.

        Raises:
            UsageError: it cannot be sent.
        """
        block_of(file, DocumentNames())
        self.pending.append(file)

    def _help(self, _: str) -> None:
        typer.echo(HELP)

    def _model(self, name: str) -> None:
        if name:
            self.talk.turn_to(*reached(name, self._wishes)[:2])
        say(f"{self.talk.model_id} in {self.talk.parameters.bedrock.region}")

    def _system(self, text: str) -> None:
        if text:
            self.talk.system = None if text == "-" else text
        say(f"system prompt: {self.talk.system or '(none)'}")

    def _file(self, path: str) -> None:
        if path:
            # A path with blanks may stand there as it is, or quoted as a terminal drops it.
            self.attach(path.strip("'\"") if not os.path.lexists(path) else path)
        say(f"with the next question: {', '.join(self.pending) or 'no files'}")

    def _clear(self, _: str) -> None:
        self.talk.messages.clear()
        self.pending.clear()
        say("forgotten: the talk begins anew")

    def _save(self, where: str) -> None:
        if not where:
            raise UsageError("/save needs a path: /save talk.md, or talk.json for everything")
        path = Path(where.strip("'\"")).expanduser()
        text = _as_json(self.talk) if path.suffix.lower() == ".json" else _as_markdown(self.talk)
        try:
            # For the owner alone, and in nobody's place.
            handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError:
            raise UsageError(f"{path} is there already; choose another name") from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "it is no path"
            raise UsageError(f"{str(path)!r:.200} cannot be written: {reason}") from None
        say(f"saved in {path}")

    def _usage(self, _: str) -> None:
        sent, received = self.talk.usage()
        seconds = sum(answer.seconds for answer in self.talk.answers)
        count = len(self.talk.answers)
        say(f"{count} answer{'' if count == 1 else 's'}, {sent} tokens in, {received} out, {seconds:.1f} s")

    def _exit(self, _: str) -> None:
        raise Leave


HELP = """\
/model [ID]     say which model answers, or let another one go on
/system [TEXT]  show the system prompt, or set it; '-' removes it
/file [PATH]    send a file with the next question, or show which go with it
/clear          forget the talk
/save PATH      write the talk to a file: Markdown, or .json with everything
/usage          tokens and time so far
/exit           leave (Ctrl-D)
Enter sends, Alt-Enter begins a new line, Ctrl-C stops an answer, the arrows go through the history.
A text that begins with a slash is sent with two: //etc is a folder."""


def _as_json(talk: Talk) -> str:
    from base64 import b64encode

    def plain(value: object) -> str:
        return b64encode(value).decode() if isinstance(value, bytes) else str(value)

    told = {"model": talk.model_id, "system": talk.system, "messages": talk.messages}
    return json.dumps(told, indent=2, ensure_ascii=False, default=plain) + "\n"


def _as_markdown(talk: Talk) -> str:
    parts = [f"# {talk.model_id}"]
    if talk.system:
        parts.append(f"> {talk.system}".replace("\n", "\n> "))
    for message in talk.messages:
        parts.append(f"## {message['role']}")
        parts += [block.get("text") or f"({next(iter(block), 'nothing')})" for block in message["content"]]
    return "\n\n".join(parts) + "\n"
