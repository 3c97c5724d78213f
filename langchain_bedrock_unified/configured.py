"""Parameters that are chosen per run, without a connection of its own for each run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.runnables.configurable import RunnableConfigurableFields

from bedrock_unified.connection_parameters import ConnectionParameters

if TYPE_CHECKING:
    _Configured = RunnableConfigurableFields[Any, Any]
else:  # pydantic would build the class for these types, and lose its methods
    _Configured = RunnableConfigurableFields


class ConfiguredPerRun(_Configured):
    """LangChain's ``configurable_fields``, which makes the model of each run anew, from its fields alone.

    Here it is a copy, with the values that were checked so: it shares the connections of the original unless
    the run chooses others. Written down it is langchain-core's own class.
    """

    def _prepare(self, config: RunnableConfig | None = None) -> Any:
        made, config = super()._prepare(config)
        origin = self.default
        if made is origin or not isinstance(origin, ConnectionParameters):
            return made, config
        values = {name: getattr(made, name) for name in type(origin).model_fields}
        chosen = {name: value for name, value in values.items() if value != getattr(origin, name)}
        return origin.model_copy(update=chosen), config

    def bind_tools(self, tools: Any, **kwargs: Any) -> Runnable[Any, Any]:
        """:meth:`ChatBedrock.bind_tools`, of a model that is still chosen by each run.

        LangChain's own binds them to the model as it was made, and what a run chooses is lost without a word.
        """
        return self.bind(**self.default.bind_tools(tools, **kwargs).kwargs)  # type: ignore[attr-defined]

    @classmethod
    def lc_id(cls) -> list[str]:
        """langchain-core's own, whose namespace ``loads`` knows."""
        return RunnableConfigurableFields.lc_id()
