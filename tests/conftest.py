"""What every test runs under: a watch that no secret comes out, and settings in a folder of nobody's."""

from __future__ import annotations

import gc
import signal

import pytest

from .home import settings_of_nobody as settings_of_nobody
from .home import the_real_home_stays_as_it_is as the_real_home_stays_as_it_is
from .secrecy.plugin import pytest_configure as pytest_configure
from .secrecy.plugin import pytest_runtest_makereport as pytest_runtest_makereport


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Have no garbage collection look again at what was imported, and Ctrl-C mean the same in every shell.

    The frameworks and all tests are a million objects, which tests for leaks would visit several times each.
    A shell that starts us in the background has processes ignore the interrupt, those that we start, too.
    """
    gc.collect()
    gc.freeze()
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
