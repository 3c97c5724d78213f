"""Progress of embeddings: a callback of the user's, or a bar of one line on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .errors import ConfigurationError

#: Inputs that are done, and all of them.
OnProgress = Callable[[int, int], None]

_WIDTH = 30
#: Seconds between two pictures of a bar.
_PAUSE = 0.1


@contextmanager
def shown_progress(wish: bool | OnProgress, total: int) -> Iterator[OnProgress | None]:
    """What is to be told of the progress: the callback itself, a bar's for True, None for False.

    A bar is drawn for two inputs or more, and ends its line whatever becomes of the call.

    Raises:
        ConfigurationError: a wish that is neither.
    """
    if not isinstance(wish, bool) and not callable(wish):
        raise ConfigurationError(
            f"show_progress is {wish!r:.80}", hint="give True for a bar, or a callback of inputs done and all"
        )
    if wish is False or (wish is True and total < 2):
        yield None
    elif wish is True:
        bar = _Bar()
        try:
            yield bar.draw
        finally:
            bar.end()
    else:
        yield wish


class _Bar:
    """``Embedding |#####     | 48/96`` on standard error, drawn over itself."""

    def __init__(self) -> None:
        self._drawn = float("-inf")
        self._any = False

    def draw(self, done: int, total: int) -> None:
        now = time.monotonic()
        if done < total and now - self._drawn < _PAUSE:
            return
        self._drawn, self._any = now, True
        full = _WIDTH * done // total
        line = f"\rEmbedding |{'#' * full}{' ' * (_WIDTH - full)}| {done}/{total}"
        print(line, end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        if self._any:
            print(file=sys.stderr, flush=True)
