"""An import that lasts is kept from the garbage collector for as long as it runs, and no longer."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from collections.abc import Iterator

import pytest

from bedrock_unified.lasting import lasting


class Node:
    """Garbage once nobody else knows it: it knows itself."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def _collector_as_it_was() -> Iterator[None]:
    enabled = gc.isenabled()
    yield
    (gc.enable if enabled else gc.disable)()


def test_the_collector_rests_while_the_import_runs() -> None:
    gc.enable()
    with lasting():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_works_again_after_an_import_that_failed() -> None:
    gc.enable()
    with pytest.raises(ModuleNotFoundError), lasting():
        import no_such_module  # type: ignore[import-not-found]  # noqa: F401
    assert gc.isenabled()


def test_an_import_within_an_import_does_not_wake_it() -> None:
    gc.enable()
    with lasting():
        with lasting():
            pass
        assert not gc.isenabled()


def test_a_collector_that_was_switched_off_stays_off() -> None:
    gc.disable()
    with lasting():
        pass
    assert not gc.isenabled()


def test_garbage_goes_with_the_next_full_collection() -> None:
    gc.enable()
    with lasting():
        node = Node()
        known = weakref.ref(node)
        del node
    gc.collect()
    assert known() is None


_LASTING = "import gc\nfrom bedrock_unified.lasting import lasting\n"
_ADAPTERS = {
    "langchain_core": "from langchain_bedrock_unified import ChatBedrock\nimport gc",
    "llama_index.core": "from llamaindex_bedrock_unified import Bedrock\nimport gc",
}


def _holds_in_a_new_process(code: str) -> None:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert not done.returncode, done.stderr


def test_what_was_imported_is_old() -> None:
    _holds_in_a_new_process(
        f"{_LASTING}"
        "with lasting(): made = [[]]\n"
        "assert any(held is made for held in gc.get_objects(generation=2))\n"
        "assert not gc.get_freeze_count()"
    )


def test_what_somebody_froze_stays_frozen() -> None:
    _holds_in_a_new_process(
        f"{_LASTING}"
        "kept = [[]]; gc.freeze()\n"
        "with lasting(): pass\n"
        "assert not any(held is kept for age in range(3) for held in gc.get_objects(generation=age))"
    )


@pytest.mark.parametrize("framework", _ADAPTERS)
def test_the_adapters_leave_the_collector_at_work(framework: str) -> None:
    pytest.importorskip(framework)
    _holds_in_a_new_process(f"{_ADAPTERS[framework]}\nassert gc.isenabled() and not gc.get_freeze_count()")
