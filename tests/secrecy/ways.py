"""The ways out that are watched while the suite runs; each is put back when it ends.

Watched are the logs of this package and of those that work for it, at every level whatever the loggers are
set to; its errors when they are made, and with their causes when a test catches them; warnings; everything
that was written to the outputs of a test and of the processes that it starts; pickles; how a model writes
itself down; and the files that this package writes.
"""

from __future__ import annotations

import logging
import os
import pickle
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from pytest import RaisesExc

from .scanner import Leak, Scanner, chain

OURS = ("bedrock_unified", "langchain_bedrock_unified", "llamaindex_bedrock_unified")
LOGGERS = (*OURS, "asyncio", "aiohttp", "urllib3")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND
#: Whose files are not ours, though we may stand behind the call: botocore's cache of SSO tokens, Python's of
#: modules.
_OTHERS = ("botocore", "importlib")


class Ways:
    """Everything that is replaced while the suite runs."""

    def __init__(self, scanner: Scanner) -> None:
        self.scanner = scanner
        self._patch = pytest.MonkeyPatch()
        self._written: set[str] = set()
        #: Errors with a secret in them. Some are made within and told anew without it before they come out.
        self._held: list[tuple[BaseException, list[Leak]]] = []

    def watch(self) -> None:
        """Begin."""
        self._watch_logs()
        self._watch_errors()
        self._watch_warnings()
        self._watch_outputs()
        self._watch_pickles()
        self._watch_models()
        _files.append(self._written)

    def release(self) -> None:
        """End; nothing of it stays."""
        self._patch.undo()
        for logger in list(logging.Logger.manager.loggerDict.values()):
            if isinstance(logger, Watched):
                logger.__class__ = logging.Logger
        if self._written in _files:
            _files.remove(self._written)

    def look_back(self) -> None:
        """Search the files that were written since the last time, and see which errors came out."""
        for error, leaks in self._held:
            # The outermost frame of a traceback is the one that caught the error.
            if error.__traceback__ is not None and not _belongs(error.__traceback__.tb_frame, OURS):
                self.scanner.keep(leaks)
        self._held.clear()
        for name in sorted(self._written):
            path = Path(name)
            if path.is_file():
                self.scanner.search(f"a file: {path.name}", path.read_bytes())
        self._written.clear()

    # Each way

    def _watch_logs(self) -> None:
        self._patch.setattr(Watched, "scanner", self.scanner, raising=False)
        self._patch.setattr(logging.Logger.manager, "loggerClass", _Made)
        for logger in list(logging.Logger.manager.loggerDict.values()):
            if type(logger) is logging.Logger and _is_watched(logger.name):
                logger.__class__ = Watched

    def _watch_errors(self) -> None:
        from bedrock_unified.errors import BedrockError

        made: Callable[..., None] = BedrockError.__init__
        caught: Callable[..., Any] = RaisesExc.__exit__
        scanner, held = self.scanner, self._held

        def init(error: BedrockError, *args: Any, **details: Any) -> None:
            made(error, *args, **details)
            # Not str(error): a subclass may not be complete yet.
            shown = f"{BedrockError.__str__(error)}\n{error.args!r}\n{BedrockError.details(error)!r}"
            if leaks := scanner.leaks(f"an error: {type(error).__name__}", shown):
                held.append((error, leaks))

        def leave(raises: Any, kind: Any, error: BaseException | None, trace: Any) -> Any:
            __tracebackhide__ = True
            for one in chain(error) if error is not None else ():
                scanner.object(f"a caught error: {type(one).__name__}", one)
                for note in getattr(one, "__notes__", ()):
                    scanner.object(f"a note of an error: {type(one).__name__}", note)
            return caught(raises, kind, error, trace)

        self._patch.setattr(BedrockError, "__init__", init)
        self._patch.setattr(RaisesExc, "__exit__", leave)

    def _watch_warnings(self) -> None:
        made: Callable[..., None] = warnings.WarningMessage.__init__
        scanner = self.scanner

        def init(told: Any, message: Any, category: Any, *args: Any, **more: Any) -> None:
            made(told, message, category, *args, **more)
            scanner.object(f"a warning: {category.__name__}", message)

        self._patch.setattr(warnings.WarningMessage, "__init__", init)

    def _watch_outputs(self) -> None:
        read: Callable[..., Any] = pytest.CaptureFixture.readouterr
        communicate: Callable[..., Any] = subprocess.Popen.communicate
        scanner = self.scanner

        def readouterr(fixture: Any) -> Any:
            said = read(fixture)
            for name, text in zip(("standard output", "standard error"), said, strict=True):
                if text:
                    scanner.search(name, text)
            return said

        def heard(process: Any, *args: Any, **how: Any) -> Any:
            said = communicate(process, *args, **how)
            if _is_behind(sys._getframe(1), ("botocore",)):  # it reads the keys of a credential_process
                return said
            for name, text in zip(("standard output", "standard error"), said, strict=True):
                if text:
                    scanner.search(f"a process's {name}", text)
            return said

        self._patch.setattr(pytest.CaptureFixture, "readouterr", readouterr)
        self._patch.setattr(subprocess.Popen, "communicate", heard)

    def _watch_pickles(self) -> None:
        original = pickle.dumps
        scanner = self.scanner

        def dumps(value: Any, *args: Any, **how: Any) -> bytes:
            written = original(value, *args, **how)
            scanner.search(f"a pickle: {type(value).__name__}", written)
            return written

        self._patch.setattr(pickle, "dumps", dumps)

    def _watch_models(self) -> None:
        """What pydantic and langchain-core write of our models, and of what holds them."""
        from bedrock_unified.connection_parameters import ConnectionParameters

        scanner = self.scanner

        def watched(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
            def write(model: Any, *args: Any, **how: Any) -> Any:
                written = original(model, *args, **how)
                scanner.search(f"{name}: {type(model).__name__}", f"{written}")
                return written

            return write

        for name in ("model_dump", "model_dump_json", "__repr__", "__str__"):
            original = getattr(ConnectionParameters, name)
            self._patch.setattr(ConnectionParameters, name, watched(name, original))


class Watched(logging.Logger):
    """A logger whose records are searched at every level, whether or not they go anywhere."""

    scanner: Scanner

    def isEnabledFor(self, level: int) -> bool:
        """Always: :meth:`handle` decides."""
        return True

    def handle(self, record: logging.LogRecord) -> None:
        """Search the record as its handlers would see it, and pass it on if it is wanted."""
        if not self.filter(record):
            return
        where = f"a log: {self.name} ({record.levelname})"
        self.scanner.object(where, record.msg)
        if record.args:
            self.scanner.object(where, record.args)
            self.scanner.search(where, record.getMessage())
        if record.exc_info and (error := record.exc_info[1]) is not None:
            for one in chain(error):
                self.scanner.object(where, one)
        if super().isEnabledFor(record.levelno) and not self.disabled:
            self.callHandlers(record)


class _Made(logging.Logger):
    """The class of loggers that are made while the suite runs."""

    def __init__(self, name: str, level: int = logging.NOTSET) -> None:
        super().__init__(name, level)
        self.__class__ = Watched if _is_watched(name) else logging.Logger  # type: ignore[assignment]


def _is_watched(name: str) -> bool:
    return name.partition(".")[0] in LOGGERS


#: Where the names of files go that this package writes; an audit hook cannot be taken back, only left idle.
_files: list[set[str]] = []


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if not _files:
        return
    if event == "open":
        path, _, flags = args
        writes = isinstance(flags, int) and flags & _WRITING and isinstance(path, (str, bytes, os.PathLike))
        if writes and path != os.devnull and _is_ours(sys._getframe(1)):
            _files[-1].add(_absolute(path))
    elif event == "os.rename" and _absolute(args[0]) in _files[-1]:
        _files[-1].add(_absolute(args[1]))


def _absolute(path: Any) -> str:
    return str(Path(os.fsdecode(path)).absolute())


def _is_ours(frame: FrameType | None) -> bool:
    """Whether this package is behind the call, and nobody who keeps files of their own between."""
    while frame is not None and not _belongs(frame, OURS):
        if _belongs(frame, _OTHERS):
            return False
        frame = frame.f_back
    return frame is not None


def _is_behind(frame: FrameType | None, packages: tuple[str, ...]) -> bool:
    while frame is not None and not _belongs(frame, packages):
        frame = frame.f_back
    return frame is not None


def _belongs(frame: FrameType, packages: tuple[str, ...]) -> bool:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0] in packages


sys.addaudithook(_audit)
