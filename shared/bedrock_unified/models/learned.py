"""What a client's models refused while it lived."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .profile import Profile
    from .refusals import Refusal


class Learned:
    """Refusals by model id; shared by all views of a client, neither pickled nor copied."""

    __slots__ = ("_refusals",)

    def __init__(self) -> None:
        self._refusals: dict[str, tuple[Refusal, ...]] = {}

    def profile(self, model_id: str, family: str | None, overrides: Mapping[str, Any] | None) -> Profile:
        """The model's profile: what is known, less what was refused; the caller's word stands above both.

        Raises:
            ConfigurationError: an override or a family that is none.
        """
        from .profile import profile_of

        profile = profile_of(model_id, family=family, overrides=overrides)
        held = self._refusals.get(model_id)
        if held:
            from .refusals import without

            for refusal in held:
                if not overrides or refusal.capability not in overrides:
                    profile = without(profile, refusal)
        return profile

    def add(self, model_id: str, refusal: Refusal) -> None:
        """Remember a refusal, if it is not one of a single request."""
        held = self._refusals.get(model_id, ())
        if refusal.lasting and refusal not in held:
            self._refusals[model_id] = (*held, refusal)
