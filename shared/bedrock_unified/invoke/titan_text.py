"""Amazon Titan Text Embeddings V2 (``amazon.titan-embed-text-v2:0``): one text a request.

Source: Amazon Bedrock user guide, "Amazon Titan Text Embeddings V2"; answers as in the recorded traffic.
"""

from __future__ import annotations

from typing import Any, cast

from ..errors import BedrockError, InvalidRequestError
from ..wire import json_codec

MODEL = "amazon.titan-embed-text-v2:0"
DIMENSIONS = (256, 512, 1024)


def request(text: Any, *, dimensions: int | None = None, normalize: bool | None = None) -> bytes:
    """The body of one request.

    Raises:
        InvalidRequestError: empty text, or dimensions that the model does not have.
    """
    if not isinstance(text, str) or not text.strip():
        raise InvalidRequestError(f"a text to embed is empty: {text!r}", hint="leave empty texts out")
    if dimensions is not None and dimensions not in DIMENSIONS:
        raise InvalidRequestError(
            f"dimensions is {dimensions!r}", hint=f"{MODEL} has {', '.join(map(str, DIMENSIONS))}"
        )
    body: dict[str, Any] = {"inputText": text}
    if dimensions is not None:
        body["dimensions"] = dimensions
    if normalize is not None:
        body["normalize"] = normalize
    return json_codec.dumps(body)


def answer(body: bytes) -> tuple[list[float], int]:
    """The vector and the number of input tokens.

    Raises:
        BedrockError: the body is not an embedding model's answer.
    """
    try:
        fields = json_codec.loads_quick(body)
        vector, tokens = fields["embedding"], fields.get("inputTextTokenCount", 0)
        if not isinstance(vector, list) or not isinstance(tokens, int):
            raise TypeError("no list of numbers, or no number of tokens")
        return cast("list[float]", vector), tokens
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BedrockError(
            f"the answer is not an embedding: {body[:200].decode('utf-8', 'replace')!r}",
            operation="InvokeModel",
            hint=f"model_id must name a text embedding model, such as {MODEL}",
        ) from error
