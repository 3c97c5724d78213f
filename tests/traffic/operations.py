"""How each recorded operation is called on :class:`BedrockClient`, and what it gives, in botocore's shape."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from bedrock_unified import BedrockClient

from .recordings import Exchange
from .shapes import as_botocore_takes, input_shape

CONTROL_PLANE = frozenset({"ListFoundationModels", "GetInferenceProfile"})

_INVOKE_HEADERS = {
    "accept": "accept",
    "x-amzn-bedrock-accept": "accept",
    "x-amzn-bedrock-guardrailidentifier": "guardrailIdentifier",
    "x-amzn-bedrock-guardrailversion": "guardrailVersion",
    "x-amzn-bedrock-trace": "trace",
}


def plane(operation: str) -> str:
    """The service model that knows the operation."""
    return "bedrock" if operation in CONTROL_PLANE else "bedrock-runtime"


def members(exchange: Exchange) -> dict[str, Any]:
    """The recorded request in boto3's form, members of path and headers included."""
    match exchange.operation:
        case "ListFoundationModels":
            return {}
        case "GetInferenceProfile":
            return {"inferenceProfileIdentifier": exchange.model_id}
        case "ApplyGuardrail":
            _, _, identifier, _, version, _ = exchange.path.split("/")
            own = {"guardrailIdentifier": unquote(identifier), "guardrailVersion": unquote(version)}
        case "InvokeModel" | "InvokeModelWithResponseStream":
            told = {
                member: exchange.request_headers[header]
                for header, member in _INVOKE_HEADERS.items()
                if header in exchange.request_headers
            }
            return {**told, "modelId": exchange.model_id, "body": exchange.request}
        case _:
            own = {"modelId": exchange.model_id}
    return {**as_botocore_takes(input_shape(exchange.operation), exchange.request), **own}


def call(client: BedrockClient, exchange: Exchange) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Make the recorded call: its response (of a stream, the metadata alone) and its events."""
    request = members(exchange)
    match exchange.operation:
        case "Converse":
            return client.converse(**request), []
        case "InvokeModel":
            return client.invoke(**request), []
        case "CountTokens":
            return client.count_tokens(**request), []
        case "ApplyGuardrail":
            return client.apply_guardrail(**request), []
        case "ListFoundationModels":
            return {"modelSummaries": client.list_models(**request)}, []
        case "GetInferenceProfile":
            return client.get_inference_profile(**request), []
    open_stream = client.converse_stream if exchange.operation == "ConverseStream" else client.invoke_stream
    with open_stream(**request) as stream:
        return {"ResponseMetadata": stream.response_metadata}, list(stream)


async def acall(client: BedrockClient, exchange: Exchange) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The same, asynchronously."""
    request = members(exchange)
    match exchange.operation:
        case "Converse":
            return await client.aconverse(**request), []
        case "InvokeModel":
            return await client.ainvoke(**request), []
        case "CountTokens":
            return await client.acount_tokens(**request), []
        case "ApplyGuardrail":
            return await client.aapply_guardrail(**request), []
        case "ListFoundationModels":
            return {"modelSummaries": await client.alist_models(**request)}, []
        case "GetInferenceProfile":
            return await client.aget_inference_profile(**request), []
    opening = client.aconverse_stream if exchange.operation == "ConverseStream" else client.ainvoke_stream
    async with await opening(**request) as stream:
        return {"ResponseMetadata": stream.response_metadata}, [event async for event in stream]
