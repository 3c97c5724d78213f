"""What every test runs under: a watch that no secret comes out, and settings in a folder of nobody's."""

from __future__ import annotations

from .home import settings_of_nobody as settings_of_nobody
from .home import the_real_home_stays_as_it_is as the_real_home_stays_as_it_is
from .secrecy.plugin import pytest_configure as pytest_configure
from .secrecy.plugin import pytest_runtest_makereport as pytest_runtest_makereport
