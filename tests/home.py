"""Where a test may keep settings: never in the folder of whoever runs the suite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import platformdirs
import pytest

#: The folder that the command writes into when nothing names another.
REAL = Path(platformdirs.user_config_path("bedrock-unified", appauthor=False, roaming=True))


@pytest.fixture(autouse=True, scope="session")
def settings_of_nobody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A folder for settings that outlives a test which takes the variable away."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("nobody")
        patch.setenv("BEDROCK_UNIFIED_HOME", str(folder / "settings"))
        patch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
        yield


@pytest.fixture(autouse=True)
def the_real_home_stays_as_it_is() -> Iterator[None]:
    """Fail a test that writes into the real folder."""
    before = _state()
    yield
    assert _state() == before, f"the test wrote into {REAL}"


def _state() -> tuple[int, ...] | None:
    """When the folder and the file in it were changed; None where there is no folder."""
    try:
        file = REAL / "bedrock-unified.json"
        return REAL.stat().st_mtime_ns, file.stat().st_mtime_ns if file.exists() else 0
    except FileNotFoundError:
        return None
