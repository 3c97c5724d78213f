"""Structured output by a tool that the model must call."""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from langchain_core.output_parsers.openai_tools import JsonOutputKeyToolsParser, PydanticToolsParser
from langchain_core.runnables import RunnableMap, RunnablePassthrough
from langchain_core.utils.pydantic import is_basemodel_subclass

from .errors import InvalidRequestError
from .tools import converse_tool, tool_names

if TYPE_CHECKING:
    from langchain_core.runnables import Runnable

    from .chat_models import ChatBedrock


def structured(
    model: ChatBedrock,
    schema: dict[str, Any] | type,
    *,
    include_raw: bool,
    strict: bool | None,
    bound: Mapping[str, Any],
) -> Runnable[Any, Any]:
    """The model with one tool of this schema, its calls parsed into the schema's type."""
    if taken := {"tools", "tool_choice"}.intersection(bound):
        raise InvalidRequestError(
            f"with_structured_output() binds a tool of its own and takes no {' or '.join(sorted(taken))}",
            hint="bind_tools([…]) on a model without structured output, or an agent with a response_format",
        )
    answering = model.bind_tools(
        [schema],
        tool_choice="any",
        strict=strict,
        ls_structured_output_format={
            "kwargs": {"method": "function_calling", "strict": strict},
            "schema": schema,
        },
        **bound,
    )
    if isinstance(schema, type) and is_basemodel_subclass(schema):
        parser: Any = PydanticToolsParser(tools=[schema], first_tool_only=True)
    else:
        (name,) = tool_names([converse_tool(schema)])
        parser = JsonOutputKeyToolsParser(key_name=name, first_tool_only=True)
    if not include_raw:
        return answering | parser
    parsed = RunnablePassthrough.assign(parsed=itemgetter("raw") | parser, parsing_error=lambda _: None)
    failed = RunnablePassthrough.assign(parsed=lambda _: None)
    return RunnableMap(raw=answering) | parsed.with_fallbacks([failed], exception_key="parsing_error")
