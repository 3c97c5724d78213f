"""Imports that the garbage collector need not look through."""

from __future__ import annotations

import gc
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def lasting() -> Generator[None]:
    """The collector rests for an import, and then takes all that there is for old.

    A framework's modules are 100,000 objects and more, and nearly all of them stay. The collector would look
    through them again and again while they are made (a tenth of the time of importing langchain-core), and
    once more in the middle of the first calls that come together: 60 ms with langchain-core, 110 ms with
    llama-index-core, in which no request leaves. Garbage is not kept: it goes with the next full collection.

    Where the collector is switched off, or holds frozen objects, that is left as it is.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        if not gc.get_freeze_count():
            gc.freeze()
            gc.unfreeze()  # from the permanent generation they come to the oldest
        gc.enable()
