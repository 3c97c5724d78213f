"""Parameters that are chosen per run, without a connection of its own for each run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from langchain_core.runnables import Runnable, RunnableConfig, ensure_config
from langchain_core.runnables.config import merge_configs
from langchain_core.runnables.configurable import (
    RunnableConfigurableAlternatives,
    RunnableConfigurableFields,
)
from langchain_core.runnables.utils import ConfigurableField, ConfigurableFieldSingleOption

from bedrock_unified.connection_parameters import ConnectionParameters
from bedrock_unified.per_call import kept_client, laid_over
from bedrock_unified.settings import BASE_IDENTITY, ROLE, ConnectionSettings

if TYPE_CHECKING:
    _Configured = RunnableConfigurableFields[Any, Any]
    _Alternatives = RunnableConfigurableAlternatives[Any, Any]
else:  # pydantic would build the class for these types, and lose its methods
    _Configured = RunnableConfigurableFields
    _Alternatives = RunnableConfigurableAlternatives

_HANDED_IN = frozenset({"client", "control_client", "agent_client"})
#: What says who signs.
_IDENTITY = frozenset({*BASE_IDENTITY, *ROLE})


class _Kept:
    """What was configured stays, whatever is configured on top: LangChain's own keeps the last alone."""

    def with_config(self, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        """LangChain's, laid over the configuration that is there already."""
        held: Any = self
        merged = merge_configs(held.config, config, cast("RunnableConfig", kwargs))
        return type(held)(**{**held.__dict__, "config": ensure_config(merged)})


class ConfiguredPerRun(_Kept, _Configured):
    """LangChain's ``configurable_fields``, which makes the model of each run anew, from its fields alone.

    Here it is a copy, with the values that were checked so: it shares the connections of the original, or
    those of earlier runs that chose the same region, key or endpoint. Who signs is never mixed: an identity
    that a run chooses takes the place of the model's own, as that of a single call does. Written down it is
    langchain-core's own class.
    """

    def _prepare(self, config: RunnableConfig | None = None) -> Any:
        origin = self.default
        if not isinstance(origin, ConnectionParameters):
            return super()._prepare(config)
        config = ensure_config(config)
        names = ConnectionSettings.names()
        chosen = {  # a connection of None is the model's own
            name: value
            for name, value in self._chosen(config.get("configurable", {})).items()
            if value is not None or name not in names
        }
        if not chosen:
            return origin, config
        update, own_identity = laid_over({name: chosen[name] for name in names.intersection(chosen)})
        held = {name: getattr(origin, name) for name in type(origin).model_fields}
        made = type(origin)(**{**held, **chosen, **update})  # checks them
        values = {name: getattr(made, name) for name in held}
        changed = {name: value for name, value in values.items() if value != held[name]}
        if not _IDENTITY.isdisjoint(changed):  # said as a whole, also what stays as it was
            changed.update({name: values[name] for name in update})
        run = origin.model_copy(update=changed)
        if own_identity:
            run._secrets_lost = False
        elsewhere = {name: value for name, value in changed.items() if name in names}
        if not elsewhere:
            run._elsewhere = origin._elsewhere
        elif _HANDED_IN.isdisjoint(elsewhere):
            as_run = {"configured": True, **elsewhere}  # a single call with these may mean somebody else
            run._slot.client = kept_client(origin._elsewhere, as_run, lambda: run.bedrock)
        return run, config

    def _chosen(self, said: dict[str, Any]) -> dict[str, Any]:
        """The fields that a run's ``configurable`` speaks of, with their values."""
        chosen: dict[str, Any] = {}
        for name, field in self.fields.items():
            if isinstance(field, ConfigurableField):
                if field.id in said:
                    chosen[name] = said[field.id]
            elif isinstance(field, ConfigurableFieldSingleOption):
                chosen[name] = field.options[said.get(field.id) or field.default]
            else:
                chosen[name] = [field.options[option] for option in said.get(field.id, field.default)]
        return chosen

    def bind(self, **kwargs: Any) -> Any:
        """:meth:`ChatBedrock.bind`, of a model that is still chosen by each run."""
        from .bound import BoundModel

        return BoundModel(bound=self, kwargs=kwargs, config={})

    def bind_tools(self, tools: Any, **kwargs: Any) -> Runnable[Any, Any]:
        """:meth:`ChatBedrock.bind_tools`, of a model that is still chosen by each run.

        LangChain's own binds them to the model as it was made, and what a run chooses is lost without a word.
        """
        return self.bind(**self.default.bind_tools(tools, **kwargs).kwargs)  # type: ignore[attr-defined]

    def with_structured_output(self, schema: Any = None, **kwargs: Any) -> Runnable[Any, Any]:
        """:meth:`ChatBedrock.with_structured_output`, of a model that is still chosen by each run."""
        from .structured import structured  # few ask for it

        how = {name: kwargs.pop(name) for name in ("include_raw", "method", "strict") if name in kwargs}
        return structured(self.default, schema, bound=kwargs, on=self, **how)  # type: ignore[arg-type]

    def configurable_alternatives(
        self,
        which: ConfigurableField,
        *,
        default_key: str = "default",
        prefix_keys: bool = False,
        **others: Any,
    ) -> ModelAlternatives:
        """LangChain's, with tools and schemas that hold for whichever is chosen."""
        return alternatives(self, which, default_key, prefix_keys, others)

    def stream_events(
        self, input: Any, config: RunnableConfig | None = None, *, version: Any = "v2", **kwargs: Any
    ) -> Any:
        """LangChain's, protocol events (``version="v3"``) of the model that the run chooses included."""
        run, config = self.prepare(config)
        return run.stream_events(input, config, version=version, **kwargs)

    def astream_events(
        self, input: Any, config: RunnableConfig | None = None, *, version: Any = "v2", **kwargs: Any
    ) -> Any:
        """The asynchronous :meth:`stream_events`."""
        run, config = self.prepare(config)
        return run.astream_events(input, config, version=version, **kwargs)

    @classmethod
    def lc_id(cls) -> list[str]:
        """langchain-core's own, whose namespace ``loads`` knows."""
        return RunnableConfigurableFields.lc_id()


class ModelAlternatives(_Kept, _Alternatives):
    """LangChain's ``configurable_alternatives``, for models.

    LangChain's own gives tools and schemas to the default alone, which then answers whatever a run chooses.
    Written down it is langchain-core's own class.
    """

    def bind_tools(self, tools: Any, **kwargs: Any) -> ModelAlternatives:
        """The same alternatives, each with the tools."""
        return self._each("bind_tools", tools, kwargs)

    def with_structured_output(self, schema: Any = None, **kwargs: Any) -> ModelAlternatives:
        """The same alternatives, each answering in the shape of the schema."""
        return self._each("with_structured_output", schema, kwargs)

    def _each(self, method: str, first: Any, more: dict[str, Any]) -> ModelAlternatives:
        def made(model: Any) -> Any:
            if isinstance(model, Runnable):
                return getattr(model, method)(first, **more)
            return lambda: getattr(model(), method)(first, **more)

        others = {name: made(model) for name, model in self.alternatives.items()}
        update = {**self.__dict__, "default": made(self.default), "alternatives": others}
        return type(self)(**update)

    @classmethod
    def lc_id(cls) -> list[str]:
        """langchain-core's own, whose namespace ``loads`` knows."""
        return RunnableConfigurableAlternatives.lc_id()


def alternatives(
    default: Any, which: ConfigurableField, default_key: str, prefix_keys: bool, others: dict[str, Any]
) -> ModelAlternatives:
    """A model and others that runs may choose instead."""
    made = RunnableConfigurableAlternatives(
        which=which, default=default, alternatives=others, default_key=default_key, prefix_keys=prefix_keys
    )
    return ModelAlternatives(**made.__dict__)
