"""How many tokens a call of a model has, before it is made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from langchain_core.messages import BaseMessage, HumanMessage

from .errors import InvalidRequestError, as_langchains
from .per_call import client_for

if TYPE_CHECKING:
    from langchain_core.language_models.chat_models import BaseChatModel as _Model
else:
    _Model = object  # it declares no field: one class less to build


class CountedModel(_Model):
    """What :class:`~langchain_bedrock_unified.ChatBedrock` says of tokens."""

    def get_num_tokens_from_messages(
        self, messages: list[BaseMessage], tools: Sequence[Any] | None = None
    ) -> int:
        """Input tokens of these messages and tools, the model's own system prompt included.

        Counted by ``custom_get_token_ids`` where it is given, else by CountTokens; estimated by the length of
        the text, with one warning for each model, where that does not serve the model or the caller, is too
        busy, or refuses what is no conversation by itself. A system prompt alone is counted with a full stop
        of the user's. Nothing is downloaded.

        Raises:
            InvalidRequestError: messages or tools that Converse has no form for.
            BedrockError: CountTokens could not be reached.
        """
        if self.custom_get_token_ids is not None:
            return super().get_num_tokens_from_messages(messages, tools)
        return self._counted(messages, {"tools": tools} if tools else {})

    def _counted(self, messages: Sequence[Any], call: dict[str, Any]) -> int:
        from .counting import count_tokens  # few count

        model: Any = self
        with as_langchains():
            bedrock, call = client_for(model, call)
            return count_tokens(model, bedrock, messages, call, model._uncounted)

    def get_num_tokens(self, text: str) -> int:
        """Input tokens of a text; see :meth:`get_num_tokens_from_messages`."""
        if self.custom_get_token_ids is not None:
            return len(self.custom_get_token_ids(text))
        return self.get_num_tokens_from_messages([HumanMessage(text)]) if text.strip() else 0

    def get_token_ids(self, text: str) -> list[int]:
        """The ids of a text's tokens, by ``custom_get_token_ids``.

        Raises:
            InvalidRequestError: without it: nobody tells them, and langchain-core would download a GPT-2.
        """
        if self.custom_get_token_ids is None:
            raise InvalidRequestError(
                "Bedrock tells how many tokens a text has, and not their ids",
                hint="get_num_tokens counts them; custom_get_token_ids=… is a tokenizer of your own",
            )
        return self.custom_get_token_ids(text)
