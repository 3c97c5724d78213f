"""Calls of models by the ids that reach them: the account's profiles are asked for where they decide."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

from . import readers
from .caller import Caller
from .calls import Line
from .cross_region import Key, Profiles, Reach, key_of
from .errors import BedrockError, InvalidRequestError
from .models.ids import parse_model_id
from .wire import operations as op
from .wire.http import Flow

P = ParamSpec("P")
R = TypeVar("R")
SYSTEM, APPLICATION = "SYSTEM_DEFINED", "APPLICATION"


class Reaching(Caller):
    """A client that knows how models are reached."""

    def sent_as(self, request: Mapping[str, Any]) -> str:
        """The model id that a request of this client was sent with, or, before it is sent, names.

        Args:
            request: with ``modelId``, and ``options`` where it had any.

        Raises:
            InvalidRequestError: no model id can look like this.
        """
        return parse_model_id(self._reach.sent_for(request) or request["modelId"]).wire_id

    @property
    def _reach(self) -> Reach:
        """Which ids this client sends for which models."""
        return self._connection.reach

    def _account_profiles(self) -> Profiles:
        """The account's system-defined profiles in this region, asked for once."""
        if not self._connection.asks_for_profiles:
            return Profiles(None)

        def ask() -> Profiles:
            try:
                return ids_of(self._profiles({"typeEquals": SYSTEM}, brief=True))
            except BedrockError as error:
                return Profiles.unlisted(error)

        return self._reach.profiles.get(ask, self._reach.max_age())

    async def _aaccount_profiles(self) -> Profiles:
        """The asynchronous :meth:`_account_profiles`."""
        if not self._connection.asks_for_profiles:
            return Profiles(None)

        async def ask() -> Profiles:
            try:
                return ids_of(await self._aprofiles({"typeEquals": SYSTEM}, brief=True))
            except BedrockError as error:
                return Profiles.unlisted(error)

        return await self._reach.profiles.aget(ask, self._reach.max_age())

    def _profiles(self, filters: Mapping[str, Any], *, brief: bool = False) -> list[dict[str, Any]]:
        pages = self._pages(filters, Line(self._connection, self._errors(), asynchronous=False, brief=brief))
        return self._drive(op.LIST_INFERENCE_PROFILES, filters, pages)["inferenceProfileSummaries"]

    async def _aprofiles(self, filters: Mapping[str, Any], *, brief: bool = False) -> list[dict[str, Any]]:
        pages = self._pages(filters, Line(self._connection, self._errors(), asynchronous=True, brief=brief))
        answer = await self._adrive(op.LIST_INFERENCE_PROFILES, filters, pages)
        return answer["inferenceProfileSummaries"]

    def _pages(self, filters: Mapping[str, Any], line: Line) -> Flow[dict[str, Any]]:
        """ListInferenceProfiles to its last page; its answer with the profiles of all."""
        found: list[dict[str, Any]] = []
        asked = [dict(filters)]
        while True:
            page = yield from line.unary(
                op.LIST_INFERENCE_PROFILES, asked[-1], readers.read_inference_profiles
            )
            summaries: list[Any] = page["inferenceProfileSummaries"]
            if not all(isinstance(one, dict) for one in summaries):
                raise line.errors.unreadable("a profile is no object", op.LIST_INFERENCE_PROFILES, None, 200)
            found += summaries
            token = page.get("nextToken")
            if not token:
                return {**page, "inferenceProfileSummaries": found}
            if any(token == filters.get("nextToken") for filters in asked):
                name, hint = op.LIST_INFERENCE_PROFILES.name, "check that control_endpoint_url is Bedrock's"
                raise self._errors().make(
                    BedrockError, f"the pages of {name} go in a circle", operation=name, hint=hint
                )
            asked.append({**filters, "nextToken": token})


def reaching(call: Callable[P, R]) -> Callable[P, R]:
    """A call of a model, its ``modelId`` as the model is reached; made again where AWS says how that is."""

    @wraps(call)
    def reached(*args: P.args, **request: P.kwargs) -> R:
        key = key_of(request)
        if key is None:
            return call(*args, **request)
        client: Any = args[0]  # a Reaching, whose own this is
        reach: Reach = client._reach
        settled = reach.settled.get(key)
        if settled is not None:
            request["modelId"] = settled
            return call(*args, **request)
        spec = cast("str", request["modelId"])
        sent = request["modelId"] = reach.sent.get(key) or _found(client, reach, key)
        try:
            return call(*args, **request)
        except InvalidRequestError as error:
            if sent != spec or not reach.refused(key, error):
                raise
            sent = request["modelId"] = _found(client, reach, key)
            if sent == spec:
                raise
        return call(*args, **request)

    return reached


def areaching(call: Callable[P, Awaitable[R]]) -> Callable[P, Coroutine[Any, Any, R]]:
    """The same of an asynchronous call; it raises the client's own error classes for the call, too.

    A thousand waiting calls are a thousand of all that one holds. So there is one coroutine here and none in
    ``call``, and where no second try can follow the arguments are let go of.
    """

    @wraps(call)
    async def reached(*args: P.args, **request: P.kwargs) -> R:
        client: Any = args[0]  # a Reaching, whose own this is
        try:
            key = key_of(request)
            reach: Reach = client._reach
            settled = None if key is None else reach.settled.get(key)
            if key is None or settled is not None:
                if settled is not None:
                    request["modelId"] = settled
                waiting = call(*args, **request)
                del args, request
                return await waiting
            spec = cast("str", request["modelId"])
            sent = request["modelId"] = reach.sent.get(key) or await _afound(client, reach, key)
            try:
                return await call(*args, **request)
            except InvalidRequestError as error:
                if sent != spec or not reach.refused(key, error):
                    raise
                sent = request["modelId"] = await _afound(client, reach, key)
                if sent == spec:
                    raise
            return await call(*args, **request)
        except BedrockError as error:
            adapted = client._adapted(error)
            if adapted is error:
                raise
            raise adapted from error.__cause__

    return reached


def _found(client: Any, reach: Reach, key: Key) -> str:
    sent = reach.without_list(key)
    return sent or reach.with_list(key, client._account_profiles(), client.region)


async def _afound(client: Any, reach: Reach, key: Key) -> str:
    sent = reach.without_list(key)
    return sent or reach.with_list(key, await client._aaccount_profiles(), client.region)


def ids_of(profiles: Iterable[Mapping[str, Any]]) -> Profiles:
    """The system-defined profiles among summaries of ListInferenceProfiles."""
    return Profiles(
        tuple(
            str(one.get("inferenceProfileId"))
            for one in profiles
            if one.get("status", "ACTIVE") == "ACTIVE" and one.get("type") != APPLICATION
        )
    )
