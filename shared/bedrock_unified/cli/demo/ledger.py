"""What each part of the demo sent, cost and took."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Generator

from ...observing import CallRecord


class Ledger:
    """Collects the records of finished calls and prints them after each part."""

    def __init__(self) -> None:
        self._all: list[CallRecord] = []
        self._part: list[CallRecord] = []

    def add(self, record: CallRecord) -> None:
        """An observer of the client."""
        self._part.append(record)

    @contextlib.contextmanager
    def part(self, title: str) -> Generator[None]:
        """One part: a heading, its own output, then its calls."""
        print(f"\n=== {title}")
        self._part = []
        began = time.perf_counter()
        yield
        seconds = time.perf_counter() - began
        for (operation, model), records in self._grouped().items():
            tokens_in = sum(record.usage.input_tokens for record in records if record.usage)
            tokens_out = sum(record.usage.output_tokens for record in records if record.usage)
            each = sum(record.seconds for record in records) / len(records)  # many go at the same time
            print(
                f"  wire: {operation} x{len(records)} ({model}), "
                f"{tokens_in} tokens in, {tokens_out} out, {each:.3f} s{' each' if len(records) > 1 else ''}"
            )
        print(f"  took {seconds:.2f} s")
        self._all += self._part

    def print_total(self) -> None:
        """One line for the whole run."""
        used = [record.usage for record in self._all if record.usage]
        tokens_in = sum(usage.input_tokens for usage in used)
        tokens_out = sum(usage.output_tokens for usage in used)
        print(f"\n{len(self._all)} calls, {tokens_in} tokens in, {tokens_out} out.")

    def _grouped(self) -> dict[tuple[str, str], list[CallRecord]]:
        groups: dict[tuple[str, str], list[CallRecord]] = {}
        for record in self._part:
            groups.setdefault((record.operation, record.model_id or "no model"), []).append(record)
        return groups
