"""The command's own file, for reading and for changing: one writer at a time, never half written."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import tempfile
import time
from collections.abc import Generator
from pathlib import Path

from ..config.own import HOME, Own, home, place, read_file
from ..errors import ConfigurationError

#: Seconds to wait for another writer.
PATIENCE = 10.0
_PAUSE = 0.05
_LOCK = ".lock"


def read_state() -> Own:
    """What the file says; nothing where there is none.

    Raises:
        ConfigurationError: it is broken, or cannot be read.
    """
    return read_file(place())


@contextlib.contextmanager
def changing() -> Generator[Own]:
    """What the file says, to be changed; it is written when the block ends without an error.

    Raises:
        ConfigurationError: the file is broken (then it stays as it is) or cannot be written, or another
            process does not stop writing.
    """
    folder = private_folder()
    with _locked(folder / _LOCK):
        path = place()
        own = read_file(path)
        yield own
        _write(path, own.written())


def private_folder() -> Path:
    """The folder of the file, made for its owner alone where it was not there.

    Raises:
        ConfigurationError: it cannot be made.
    """
    folder = home()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from None
    return folder


def private_file(name: str) -> Path:
    """A file of this name in the folder, made empty and for its owner alone where it was not there.

    Raises:
        ConfigurationError: it cannot be made.
    """
    path = private_folder() / name
    try:
        os.close(os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600))
        path.chmod(0o600)
    except OSError as error:
        raise _unwritable(path, error) from None
    return path


def _write(path: Path, text: str) -> None:
    """Put a new file in the old one's place; a link keeps leading there."""
    path = path.resolve()
    temporary: Path | None = None
    try:
        # Readable by its owner alone from the beginning.
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        temporary = Path(name)
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from None
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def _locked(path: Path) -> Generator[None]:
    try:
        handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        raise _unwritable(path, error) from None
    try:
        _wait_for(handle, path)
        yield
    finally:
        os.close(handle)  # and with it goes the lock


def _wait_for(handle: int, path: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            _lock(handle)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES, errno.EDEADLK):
                raise _unwritable(path, error) from None
        else:
            return
        if time.monotonic() > deadline:
            raise ConfigurationError(
                f"another bedrock-unified is writing the settings: {path} was locked for {PATIENCE:g} s",
                hint="try again when it has finished",
            )
        time.sleep(_PAUSE)


def _lock(handle: int) -> None:
    """Take the lock, or raise OSError at once."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _unwritable(path: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"{path} cannot be written: {error.strerror or type(error).__name__}",
        hint=f"make room or give yourself the right to write there, or name another folder in {HOME}",
    )
