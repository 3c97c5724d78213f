"""The statements whose checks are not here yet, and what each waits for.

Keys are the numbers of ``ACCEPTANCE.md``, beside the repository. :data:`LATER` holds those without any test
here, :data:`PARTLY` what is left of those that have one. ``test_completeness.py`` keeps both true.
"""

from __future__ import annotations

from collections.abc import Mapping

_GATEWAY = "the HTTP gateway"
_CLIENT = "the client in OpenAI's style"


def _each(numbers: str, reason: str) -> dict[str, str]:
    return dict.fromkeys(numbers.split(), reason)


LATER: Mapping[str, str] = {
    **_each("GM-02 GM-06 GM-09 GM-10 GM-11 GM-12 GM-13 GM-14 GM-15 GM-23", _GATEWAY),
    **_each("OL-10 OL-11 OL-12 OL-13", _CLIENT),
}

PARTLY: Mapping[str, str] = {
    **_each("GM-19 GM-20 GM-21 GM-22", f"the same through {_GATEWAY}"),
    **_each("OL-05 OL-30", f"the same through {_CLIENT}"),
}
