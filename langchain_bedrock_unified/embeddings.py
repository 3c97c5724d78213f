"""``BedrockEmbeddings``: embeddings of Amazon Bedrock for LangChain, synchronous and asynchronous."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from langchain_core.embeddings import Embeddings
from pydantic import ConfigDict, Field

from bedrock_unified.embedding import DEFAULT_MODEL
from bedrock_unified.embedding.parameters import SPELLINGS as EMBEDDING_SPELLINGS
from bedrock_unified.embedding.parameters import EmbeddingParameters

from .errors import ERROR_CLASSES
from .incumbent import connection_keywords
from .model_id import SPELLINGS, check_model_id

#: An image, a sound or a film: bytes, base64 text, a data URL, an ``s3://`` URI, a file's path.
MediaInput = bytes | str | Path
_LONGEST_PATH = 1024


class BedrockEmbeddings(EmbeddingParameters, Embeddings):
    """Any embedding model of Bedrock: Titan, Cohere, Nova, Marengo; many requests at once.

    Example:
        >>> embeddings = BedrockEmbeddings(model="cohere.embed-v4:0", region_name="us-east-1")
        >>> len(embeddings.embed_query("What is a vector?"))  # doctest: +SKIP
        1536

    Documents and queries are embedded as such, where the model knows the difference. An ARN that does not
    tell its model (an application inference profile's, a provisioned model's) needs ``family``, such as
    ``cohere-v3`` or another model's id.

    Text given for an image, a sound or a film that is the path of a file is that file, as in other packages:
    where such text comes from somebody else, give its bytes.

    Raises:
        ConfigurationError: at construction: an unknown keyword, or an option that the model does not have.
        InvalidRequestError: by calls: an empty text; nothing is sent.
        BedrockError: by calls: the classes of :mod:`langchain_bedrock_unified.errors`.
    """

    model_config = ConfigDict(
        arbitrary_types_allowed=True, hide_input_in_errors=True, extra="forbid", defer_build=False
    )

    spellings: ClassVar[Mapping[str, str]] = {**SPELLINGS, **EMBEDDING_SPELLINGS}
    error_classes: ClassVar[Any] = ERROR_CLASSES

    model_id: str = Field(default=DEFAULT_MODEL, description="model id or ARN, also of an inference profile")

    def __init__(self, **given: Any) -> None:
        super().__init__(**connection_keywords(given, type(self).__name__))

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """One vector a text, in order."""
        return self._embed(texts, "document")

    def embed_query(self, text: str) -> list[float]:
        """The vector of a question."""
        return self._embed([text], "query")[0]

    async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
        """One vector a text, in order."""
        return await self._aembed(texts, "document")

    async def aembed_query(self, text: str) -> list[float]:
        """The vector of a question."""
        return (await self._aembed([text], "query"))[0]

    def embed_image(self, image: MediaInput) -> list[float]:
        """The vector of an image (Titan image, Cohere, Nova, Marengo)."""
        return self.embed_images([image])[0]

    def embed_images(self, images: Sequence[MediaInput]) -> list[list[float]]:
        """One vector an image, in order."""
        return self._embed([_medium("image", image) for image in images], "document")

    async def aembed_image(self, image: MediaInput) -> list[float]:
        """The vector of an image."""
        return (await self.aembed_images([image]))[0]

    async def aembed_images(self, images: Sequence[MediaInput]) -> list[list[float]]:
        """One vector an image, in order."""
        return await self._aembed([_medium("image", image) for image in images], "document")

    def embed_audio(self, audio: MediaInput) -> list[float]:
        """The vector of a sound of up to 30 seconds (Nova)."""
        return self._embed([_medium("audio", audio)], "document")[0]

    async def aembed_audio(self, audio: MediaInput) -> list[float]:
        """The vector of a sound of up to 30 seconds (Nova)."""
        return (await self._aembed([_medium("audio", audio)], "document"))[0]

    def embed_video(self, video: MediaInput) -> list[float]:
        """The vector of a film of up to 30 seconds (Nova)."""
        return self._embed([_medium("video", video)], "document")[0]

    async def aembed_video(self, video: MediaInput) -> list[float]:
        """The vector of a film of up to 30 seconds (Nova)."""
        return (await self._aembed([_medium("video", video)], "document"))[0]

    def _embed(self, inputs: Sequence[Any], kind: str) -> list[list[float]]:
        return self.bedrock.embed(inputs, model_id=self.model_id, **self._how_to_embed(kind)).vectors

    async def _aembed(self, inputs: Sequence[Any], kind: str) -> list[list[float]]:
        found = await self.bedrock.aembed(inputs, model_id=self.model_id, **self._how_to_embed(kind))
        return found.vectors

    def _check(self) -> None:
        super()._check()
        check_model_id(self.model_id)
        self._check_embedding(self.model_id)


def _medium(kind: str, value: MediaInput) -> dict[str, Any]:
    """An input of the core; text that names a file that exists is that file."""
    if isinstance(value, str) and len(value) <= _LONGEST_PATH and "://" not in value and _is_file(value):
        return {kind: Path(value)}
    return {kind: value}


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except OSError:  # base64 that is longer than a file's name may be
        return False
