"""A client's lists: what the control plane says there is, and what of it can be invoked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from . import readers
from .errors import BedrockError, ConfigurationError
from .reaching import APPLICATION, SYSTEM, Reaching, ids_of
from .wire import operations as op

if TYPE_CHECKING:
    from .models.available import ModelList
    from .models.choosing import Heard, Wish
    from .models.merging import Listing


class WhichModels(TypedDict, total=False):
    """Keywords of :meth:`bedrock_unified.BedrockClient.available_models`, where each is described."""

    kind: str | None
    vendor: str | None
    output: str | None
    on_demand: bool | None
    legacy: bool | None
    models: Iterable[str] | str
    mode: str
    curated: bool
    max_age: float
    refresh: bool


class ModelListing(Reaching):
    """The listing operations of :class:`bedrock_unified.BedrockClient`."""

    # As the control plane answers

    def list_models(self, **filters: Any) -> list[dict[str, Any]]:
        """ListFoundationModels: the region's models (``byProvider``, ``byOutputModality``, …)."""
        return self._run(op.LIST_FOUNDATION_MODELS, filters, readers.read_models)["modelSummaries"]

    async def alist_models(self, **filters: Any) -> list[dict[str, Any]]:
        """The asynchronous :meth:`list_models`."""
        answer = await self._arun(op.LIST_FOUNDATION_MODELS, filters, readers.read_models)
        return answer["modelSummaries"]

    def list_inference_profiles(self, **filters: Any) -> list[dict[str, Any]]:
        """ListInferenceProfiles, all its pages (``typeEquals`` SYSTEM_DEFINED or APPLICATION)."""
        return self._profiles(filters)

    async def alist_inference_profiles(self, **filters: Any) -> list[dict[str, Any]]:
        """The asynchronous :meth:`list_inference_profiles`."""
        return await self._aprofiles(filters)

    def get_inference_profile(self, **request: Any) -> dict[str, Any]:
        """GetInferenceProfile: the models behind an ``inferenceProfileIdentifier`` (id or ARN)."""
        return self._run(op.GET_INFERENCE_PROFILE, request, readers.read_inference_profile)

    async def aget_inference_profile(self, **request: Any) -> dict[str, Any]:
        """The asynchronous :meth:`get_inference_profile`."""
        return await self._arun(op.GET_INFERENCE_PROFILE, request, readers.read_inference_profile)

    # What can be invoked

    def available_models(self, **which: Unpack[WhichModels]) -> ModelList:
        """The models that can be invoked from this client's region, each with the id to send.

        Foundation models that are served on demand, models behind inference profiles (the account's profile
        for the region, a geographic one before ``global``) and the account's application profiles. That a
        model is listed does not say that the account has access to it.

        Args:
            kind: ``chat``, ``embedding``, ``rerank``, ``image``, ``video``, ``speech`` or ``other``.
            vendor: ``anthropic``, ``mistral``, … or AWS's name of it (``Mistral AI``).
            output: an output modality: ``TEXT``, ``EMBEDDING``, ``IMAGE``, …
            on_demand: True for those that their own id reaches, False for the others.
            legacy: False leaves out those that AWS is about to retire, True all others.
            models: a configured list of ids and ARNs; also as one text, separated by commas.
            mode: what it means. ``fallback`` (the default): it is used where the account's list cannot be had
                or is empty; ``allowlist``: it is the list, and nothing is asked. Without ``models`` both mean
                the account's list.
            curated: where the account's list cannot be had and nothing is configured, the list that this
                package knows stands for it, with a note that says so. False raises an error instead.
            max_age: seconds that an earlier list is good for, of the same client; default 3600, 0 asks anew.
            refresh: ask anew, and decide anew which profiles short names are sent by.

        Returns:
            A sequence of :class:`bedrock_unified.models.available.AvailableModel`, by vendor; its ``notes``
            say what could not be asked.

        Raises:
            NotFoundError: there are no models: the account has none here, or its list could not be had.
            ConfigurationError: a value that there is not, or settings that cannot work.
        """
        from .models.choosing import wish

        wished = self._planned(lambda: wish(which, self.region))
        if wished.needs_no_list:
            return wished.allowed(self._connection.listed.held(float("inf")))
        try:
            listing = self._connection.listed.get(self._ask, wished.max_age, refresh=wished.refresh)
        except ConfigurationError:
            raise
        except BedrockError as error:
            return self._without_list(wished, error)
        return self._chosen(wished, listing)

    async def aavailable_models(self, **which: Unpack[WhichModels]) -> ModelList:
        """The asynchronous :meth:`available_models`."""
        from .models.choosing import wish

        wished = self._planned(lambda: wish(which, self.region))
        if wished.needs_no_list:
            return wished.allowed(self._connection.listed.held(float("inf")))
        try:
            listed = self._connection.listed
            listing = await listed.aget(self._aask, wished.max_age, refresh=wished.refresh)
        except ConfigurationError:
            raise
        except BedrockError as error:
            return self._without_list(wished, error)
        return self._chosen(wished, listing)

    # Asking

    def _ask(self) -> Listing:
        from .models.choosing import Heard

        heard = Heard(self.region)
        heard.models = self.list_models()
        for kind in (SYSTEM, APPLICATION):
            try:
                heard.profiles[kind] = self._profiles({"typeEquals": kind})
            except BedrockError as error:
                heard.missed[kind] = error
        return self._heard(heard)

    async def _aask(self) -> Listing:
        from asyncio import gather

        from .models.choosing import Heard

        heard = Heard(self.region)

        async def models() -> None:
            heard.models = await self.alist_models()

        async def profiles(kind: str) -> None:
            try:
                heard.profiles[kind] = await self._aprofiles({"typeEquals": kind})
            except BedrockError as error:
                heard.missed[kind] = error

        for failure in await gather(
            models(), profiles(SYSTEM), profiles(APPLICATION), return_exceptions=True
        ):
            if failure is not None:
                raise failure
        return self._heard(heard)

    def _heard(self, heard: Heard) -> Listing:
        try:
            listing = heard.listing()
        except (KeyError, TypeError, AttributeError) as error:
            raise self._errors().unreadable(repr(error), op.LIST_FOUNDATION_MODELS, None, 200) from error
        if SYSTEM in heard.profiles:
            self._reach.profiles.put(ids_of(heard.profiles[SYSTEM]))
        return listing

    def _chosen(self, wished: Wish, listing: Listing) -> ModelList:
        if wished.refresh:
            self._reach.reset()
        found = wished.chosen(listing)
        if found is None:
            raise self._no_models(None)
        return found

    def _without_list(self, wished: Wish, error: BedrockError) -> ModelList:
        found = wished.without_list(error)
        if found is None:
            raise self._no_models(error) from error
        return found

    def _no_models(self, cause: BedrockError | None) -> BedrockError:
        from .hints import NO_MODELS_LISTED, explain

        name = op.LIST_FOUNDATION_MODELS.name
        kind, hint = explain(
            NO_MODELS_LISTED, "", status=None, operation=name, model_id=None, region=self.region
        )
        why = ""
        if cause is not None:
            why = f": {cause.message}"
            said = cause.hint or ""
            hint = f"{hint} {said[:1].upper()}{said[1:]}".rstrip()
        return self._errors().make(kind, f"model registry has no models{why}", operation=name, hint=hint)
