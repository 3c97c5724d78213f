"""Imports that the garbage collector need not look through."""

from __future__ import annotations

import gc
import os
from collections.abc import Generator
from contextlib import contextmanager

_is_resting = False
#: Python 3.12 begins with 375 frozen objects of its own; whoever freezes freezes thousands.
_INTERPRETERS_OWN = 1000


@contextmanager
def lasting() -> Generator[None]:
    """The collector rests for an import, and then takes all that there is for old.

    A framework's modules are 100,000 objects and more, and nearly all of them stay. The collector would look
    through them again and again while they are made (a tenth of the time of importing langchain-core), and
    once more in the middle of the first calls that come together: 60 ms with langchain-core, 110 ms with
    llama-index-core, in which no request leaves. Garbage is not kept: it goes with the next full collection.

    A collector that is off, or that holds frozen objects, is left as it is. One that is switched off
    meanwhile, by another thread, is on again afterwards.
    """
    global _is_resting
    if not gc.isenabled():
        yield
        return
    try:
        _is_resting = True
        gc.disable()
        yield
    finally:
        try:
            _take_for_old()
        finally:
            gc.enable()
            _is_resting = False


def _take_for_old() -> None:
    if gc.get_freeze_count() > _INTERPRETERS_OWN:
        return  # somebody's frozen objects would thaw
    try:
        gc.freeze()
    finally:
        gc.unfreeze()  # from the permanent generation they come to the oldest


def _after_fork() -> None:
    global _is_resting
    if _is_resting:  # for an import of another thread, which the child does not have
        gc.enable()
        _is_resting = False


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
