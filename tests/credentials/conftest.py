"""The tests of who signs start from one user's machine, with nothing set up on it."""

from __future__ import annotations

from .fakes import world as world
