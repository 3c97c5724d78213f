"""What was probably meant by a name that nobody knows."""

from __future__ import annotations

from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str], likeness: float = 0.6) -> str | None:
    """``did you mean '…'?`` with the known name that is most like ``name``; None where none is like it.

    Args:
        likeness: from 0 to 1, how much of the two must be the same.
    """
    from difflib import get_close_matches  # not at the top: only errors need it, and every import would pay

    near = get_close_matches(name, known, n=1, cutoff=likeness)
    return f"did you mean {near[0]!r}?" if near else None
