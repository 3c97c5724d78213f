"""Sending the requests of a plan, many at once, synchronously or not."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from ..errors import BedrockError, ContextOverflowError
from ..failures import ErrorMaker
from ..wire import operations as op
from .gathering import agather, gather
from .plan import DEFAULT_MODEL as _DEFAULT
from .plan import Answered, Embeddings, Plan, Request

Answer = dict[str, Any]
# Where in a body Bedrock found fault: "#/texts/3: expected maxLength: 2048, actual: 2459".
_PLACE = re.compile(r"#/(?:texts|images|inputs)/(\d{1,6})\b")


def embedded(
    plan: Plan, invoke: Callable[..., Answer], errors: ErrorMaker, most: int | None = None
) -> Embeddings:
    """The vectors of a plan; ``invoke`` is the client's. The first failure is raised, the rest not begun.

    Args:
        most: threads at most, whatever the plan says.
    """

    def ask(request: Request) -> Answer:
        try:
            return invoke(**_members(plan, request))
        except BedrockError as error:
            _locate(error, plan, request)
            raise

    def read(request: Request, answer: Answer) -> Answered:
        return _read(plan, request, answer, errors)

    concurrency = min(plan.concurrency, most or plan.concurrency)
    return plan.joined(gather(ask, plan.requests, concurrency, read))


async def aembedded(plan: Plan, ainvoke: Callable[..., Awaitable[Answer]], errors: ErrorMaker) -> Embeddings:
    """The same on the event loop; the first failure cancels what is under way."""

    async def one(request: Request) -> Answered:
        try:
            answer = await ainvoke(**_members(plan, request))
        except BedrockError as error:
            _locate(error, plan, request)
            raise
        return _read(plan, request, answer, errors)

    return plan.joined(await agather(one, plan.requests, plan.concurrency))


def _members(plan: Plan, request: Request) -> dict[str, Any]:
    return {"modelId": plan.model_id, "body": request.body, "accept": "application/json"}


def _read(plan: Plan, request: Request, answer: Mapping[str, Any], errors: ErrorMaker) -> Answered:
    try:
        answered = plan.read(request, answer)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        body: bytes = answer["body"]
        unread = errors.make(
            BedrockError,
            f"the answer is not {plan.family.title}'s: {body[:200].decode('utf-8', 'replace')!r}",
            operation=op.INVOKE_MODEL.name,
            model_id=plan.model_id,
            hint=f"model_id must name an embedding model, such as {_DEFAULT}; family= says which kind it is",
        )
        _locate(unread, plan, request)
        raise unread from error
    if plan.answered is not None:
        plan.answered(len(request.positions))
    return answered


def _locate(error: BedrockError, plan: Plan, request: Request) -> None:
    """Say in the hint which input Bedrock means, or which ones a failed request held beside others."""
    place = _PLACE.search(error.message)
    if place is not None and int(place[1]) < len(request.positions):
        told = f"Bedrock means inputs[{request.positions[int(place[1])]}] of {plan.count}, counted from 0"
    elif len(plan.requests) > 1:
        where = _ranges(request.positions)
        told = f"the request that failed held inputs {where} of {plan.count}, counted from 0"
    else:
        told = ""
    way = ""
    if (
        isinstance(error, ContextOverflowError)
        and "end" in plan.family.truncates
        and not plan.options.truncate
    ):
        way = "truncate='end' embeds the beginning of what is too long"
    error.hint = "; ".join(each for each in (told, way, error.hint) if each) or None


def _ranges(positions: Sequence[int]) -> str:
    """``3``, ``96-191``, ``0-4, 7``: runs of positions, the first few of them."""
    runs: list[list[int]] = []
    for position in positions:
        if runs and position == runs[-1][1] + 1:
            runs[-1][1] = position
        else:
            runs.append([position, position])
    told = [str(first) if first == last else f"{first}-{last}" for first, last in runs[:8]]
    return ", ".join(told) + (", …" if len(runs) > 8 else "")
