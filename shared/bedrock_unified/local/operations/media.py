"""Whether attached files are what they say they are, by their first bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..problems import invalid, model_refused
from ..shapes import listed, under
from ..standin.families import Family

_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF", "application/pdf"),
)


def detected_type(data: bytes) -> str:
    """The MIME type that the first bytes of ``data`` show; ``text/plain`` for readable text."""
    for signature, kind in _SIGNATURES:
        if data.startswith(signature):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    try:
        data[:512].decode("utf-8")
    except UnicodeDecodeError:
        return "application/octet-stream"
    return "text/plain"


def check_media(request: Mapping[str, Any], family: Family, *, in_stream: bool) -> None:
    """Raise what the model behind Bedrock answers for an image that is none, or a source it cannot read."""
    _check_result_sources(request, family)
    for kind, block in _media(request):
        source = under(block, "source")
        if "s3Location" in source:
            if not family.s3_media:
                raise invalid("This model doesn't support the s3Uri field. Remove s3Uri and try again.")
            continue
        if kind != "image" or "bytes" not in source:
            continue
        expected = f"image/{block['format']}"
        found = detected_type(source["bytes"])
        if family.image_errors and found != expected and not found.startswith("image/"):
            raise model_refused(
                f"The detected file MIME type {found} does not match the expected type {expected}. "
                "Reformat your input and try again.",
                in_stream=in_stream,
            )
        if not found.startswith("image/"):
            raise model_refused("Could not process image")


def _check_result_sources(request: Mapping[str, Any], family: Family) -> None:
    """Nova 2 takes files by S3 URI in a turn, but not in a tool result."""
    if family.name != "nova-2":
        return
    for i, message in enumerate(listed(request, "messages")):
        for j, block in enumerate(listed(message, "content")):
            for part in listed(under(block, "toolResult"), "content"):
                if any("s3Location" in under(under(part, kind), "source") for kind in part):
                    raise model_refused(
                        f"Malformed input request: #/messages/{i}/content/{j}: extraneous key [toolResult] "
                        "is not "
                        "permitted, please reformat your input and try again."
                    )


def _media(request: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for message in listed(request, "messages"):
        for block in listed(message, "content"):
            for kind in ("image", "video"):
                if kind in block:
                    yield kind, block[kind]
            for part in listed(under(block, "toolResult"), "content"):
                for kind in ("image", "video"):
                    if kind in part:
                        yield kind, part[kind]
