"""What the local endpoint answers while cassettes are recorded, in the forms that Bedrock sends them."""

from __future__ import annotations

import json
from typing import Any

NOVA = "us.amazon.nova-lite-v1:0"
CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
#: CountTokens takes the model's own id, not a profile's.
CLAUDE_ITSELF = "anthropic.claude-sonnet-4-5-20250929-v1:0"
TITAN = "amazon.titan-embed-text-v2:0"

QUESTION = "What is the capital of France?"
CAPITAL: dict[str, Any] = {
    "content": [{"text": "The capital of France is Paris."}],
    "usage": {"inputTokens": 7, "outputTokens": 8, "totalTokens": 15},
    "metrics": {"latencyMs": 312},
}
OTHER_QUESTION = "And of Italy? Mind the café’s menu: ☕."
OTHER_CAPITAL: dict[str, Any] = {
    "content": [{"text": "Rome – grazie! ☕"}],
    "usage": {"inputTokens": 16, "outputTokens": 6, "totalTokens": 22},
    "metrics": {"latencyMs": 298},
}

WEATHER_QUESTION = "What is the weather in Paris, in degrees Celsius?"
WEATHER_CALL: dict[str, Any] = {
    "content": [
        {"text": "I will look that up."},
        {
            "toolUse": {
                "toolUseId": "tooluse_9zUdXBRsQ0G3sF1pHk2vQw",
                "name": "get_weather",
                "input": {"city": "Paris", "unit": "celsius"},
                "type": "tool_use",
            }
        },
    ],
    "pieces": [["I will ", "look that up."], ["", '{"city": ', '"Paris", "un', 'it": "celsius"}']],
    "usage": {
        "inputTokens": 394,
        "outputTokens": 61,
        "totalTokens": 455,
        "cacheReadInputTokens": 0,
        "cacheReadInputTokenCount": 0,
        "cacheWriteInputTokens": 0,
        "cacheWriteInputTokenCount": 0,
        "serverToolUsage": {},
    },
    "metrics": {"latencyMs": 1204},
}
WEATHER_ANSWER: dict[str, Any] = {
    "content": [{"text": "It is 18 °C and cloudy in Paris."}],
    "usage": {
        "inputTokens": 42,
        "outputTokens": 14,
        "totalTokens": 1080,
        "cacheReadInputTokens": 1024,
        "cacheReadInputTokenCount": 1024,
        "cacheWriteInputTokens": 0,
        "cacheWriteInputTokenCount": 0,
        "serverToolUsage": {},
    },
    "metrics": {"latencyMs": 655},
}
WEATHER_TOOL: dict[str, Any] = {
    "toolSpec": {
        "name": "get_weather",
        "description": "The current weather of a city.",
        "inputSchema": {
            "json": {
                "type": "object",
                "properties": {
                    "city": {"type": "string"},
                    "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
                },
                "required": ["city"],
            }
        },
    }
}

THINKING = {"thinking": {"type": "enabled", "budget_tokens": 1024}}
RIDDLE = "Is 91 a prime number?"
REASONED: dict[str, Any] = {
    "content": [
        {
            "reasoningContent": {
                "reasoningText": {
                    "text": "91 = 7 × 13, so it has divisors other than 1 and itself.",
                    "signature": "EqQBCkgIBRABGAIiQL9zc2lnbmF0dXJlIG9mIGEgdGhvdWdodA==",
                }
            }
        },
        {"text": "No: 91 is 7 times 13."},
    ],
    "usage": {
        "inputTokens": 43,
        "outputTokens": 71,
        "totalTokens": 114,
        "cacheReadInputTokens": 0,
        "cacheReadInputTokenCount": 0,
        "cacheWriteInputTokens": 0,
        "cacheWriteInputTokenCount": 0,
        "serverToolUsage": {},
    },
    "metrics": {"latencyMs": 2210},
}

THROTTLED: dict[str, Any] = {
    "error": {
        "code": "ThrottlingException",
        "message": "Too many requests, please wait before trying again.",
        "status": 429,
    }
}
REFUSED: dict[str, Any] = {
    "error": {
        "code": "ValidationException",
        "message": "The provided model identifier is invalid.",
        "status": 400,
    }
}


def _event(name: str, payload: dict[str, Any]) -> dict[str, Any]:
    return {"event": name, "payload": payload}


#: An exception frame after text: the stream's own failure, under status 200.
FAILS_MIDWAY: dict[str, Any] = {
    "frames": [
        _event("messageStart", {"role": "assistant"}),
        _event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "The capital"}}),
        {
            "headers": [
                [":exception-type", "modelStreamErrorException"],
                [":content-type", "application/json"],
                [":message-type", "exception"],
            ],
            "payload": {"message": "Model produced invalid sequence as part of ToolUse."},
        },
    ]
}

MESSAGES_BODY: dict[str, Any] = {
    "anthropic_version": "bedrock-2023-05-31",
    "max_tokens": 100,
    "messages": [{"role": "user", "content": QUESTION}],
}
NATIVE: dict[str, Any] = {
    "body": {
        "model": "claude-sonnet-4-5-20250929",
        "id": "msg_bdrk_01AbCdEfGhIjKlMnOpQrStUv",
        "type": "message",
        "role": "assistant",
        "content": [{"type": "text", "text": "The capital of France is Paris."}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 14, "output_tokens": 10},
    },
    "headers": {
        "X-Amzn-Bedrock-Invocation-Latency": "845",
        "X-Amzn-Bedrock-Output-Token-Count": "10",
        "X-Amzn-Bedrock-Input-Token-Count": "14",
    },
}
_METRICS = {"inputTokenCount": 14, "outputTokenCount": 10, "invocationLatency": 931, "firstByteLatency": 512}
NATIVE_EVENTS: list[dict[str, Any]] = [
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "The capital "}},
    {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "text_delta", "text": "of France is Paris."},
    },
    {"type": "content_block_stop", "index": 0},
    {"type": "message_stop", "amazon-bedrock-invocationMetrics": _METRICS},
]
NATIVE_STREAM: dict[str, Any] = {
    "frames": [
        _event("chunk", {"bytes": json.dumps(event, separators=(",", ":")).encode()})
        for event in NATIVE_EVENTS
    ],
    "headers": {"X-Amzn-Bedrock-Content-Type": "application/json"},
}

COUNTED: dict[str, Any] = {"body": {"inputTokens": 14}}
_PROFILE = {
    "createdAt": "2024-12-03T00:00:00Z",
    "description": "Routes requests to Nova Lite in us-east-1, us-west-2, and us-east-2.",
    "models": [
        {"modelArn": f"arn:aws:bedrock:us-{side}::foundation-model/amazon.nova-lite-v1:0"}
        for side in ("east-1", "west-2", "east-2")
    ],
    "inferenceProfileArn": f"arn:aws:bedrock:us-east-1:123456789012:inference-profile/{NOVA}",
    "inferenceProfileId": NOVA,
    "inferenceProfileName": "US Nova Lite",
    "status": "ACTIVE",
    "type": "SYSTEM_DEFINED",
    "updatedAt": "2024-12-03T00:00:00Z",
}
_NEXT = {
    **_PROFILE,
    "inferenceProfileArn": _PROFILE["inferenceProfileArn"].replace("lite", "micro"),
    "inferenceProfileId": NOVA.replace("lite", "micro"),
    "inferenceProfileName": "US Nova Micro",
}
PROFILE_PAGES: list[dict[str, Any]] = [
    {"body": {"inferenceProfileSummaries": [_PROFILE], "nextToken": "cGFnZTI="}},
    {"body": {"inferenceProfileSummaries": [_NEXT]}},
]


def ask(text: str = QUESTION, model: str = NOVA, **members: Any) -> dict[str, Any]:
    """A Converse request with one user message."""
    return {"modelId": model, "messages": [{"role": "user", "content": [{"text": text}]}], **members}
