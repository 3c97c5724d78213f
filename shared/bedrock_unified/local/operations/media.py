"""Whether attached files are what they say they are, by their first bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...models.profile import Profile
from ..problems import invalid, model_refused
from ..shapes import listed, under
from ..standin.families import Family

_KINDS = ("image", "document", "video", "audio")
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


def check_media(request: Mapping[str, Any], family: Family, profile: Profile, *, in_stream: bool) -> None:
    """Raise what the model behind Bedrock answers for an image that is none, or a source it cannot read."""
    for kind, block in _media(request):
        source = under(block, "source")
        if "s3Location" in source:
            if not profile.s3_media:
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


def _media(request: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for message in listed(request, "messages"):
        for block in listed(message, "content"):
            for part in (block, *listed(under(block, "toolResult"), "content")):
                for kind in _KINDS:
                    if kind in part:
                        yield kind, part[kind]
