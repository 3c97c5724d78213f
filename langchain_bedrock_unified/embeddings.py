"""``BedrockEmbeddings``: embeddings of Amazon Bedrock for LangChain, synchronous and asynchronous."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Sized
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, ClassVar

from langchain_core.embeddings import Embeddings
from pydantic import ConfigDict, Field

from bedrock_unified.embedding import DEFAULT_MODEL, HowToEmbed
from bedrock_unified.embedding.parameters import SPELLINGS as EMBEDDING_SPELLINGS
from bedrock_unified.embedding.parameters import EmbeddingParameters

from .errors import ERROR_CLASSES, as_langchains
from .incumbent import connection_keywords
from .model_id import SPELLINGS, check_model_id
from .progress import OnProgress, shown_progress

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

    ``show_progress=True`` draws a bar on standard error (no tqdm is needed); a callback is called after each
    answer with the number of inputs that are done and that of all, on the caller's thread or event loop. A
    single call of a method for several inputs may say otherwise.

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

    spellings: ClassVar[Mapping[str, str]] = {
        **SPELLINGS,
        **EMBEDDING_SPELLINGS,
        "show_progress_bar": "show_progress",
    }
    error_classes: ClassVar[Any] = ERROR_CLASSES

    model_id: str = Field(default=DEFAULT_MODEL, description="model id or ARN, also of an inference profile")
    show_progress: bool | OnProgress = Field(
        default=False, exclude=True, description="True: a bar; or a callback of inputs done and all inputs"
    )

    def __init__(self, **given: Any) -> None:
        with as_langchains():
            super().__init__(**connection_keywords(given, type(self).__name__))

    def embed_documents(
        self, texts: list[str], *, show_progress: bool | OnProgress | None = None
    ) -> list[list[float]]:
        """One vector a text, in order.

        Args:
            show_progress: instead of the model's own.
        """
        return self._embed(texts, "document", show_progress)

    def embed_query(self, text: str) -> list[float]:
        """The vector of a question."""
        return self._embed([text], "query", False)[0]

    async def aembed_documents(
        self, texts: list[str], *, show_progress: bool | OnProgress | None = None
    ) -> list[list[float]]:
        """The asynchronous :meth:`embed_documents`."""
        return await self._aembed(texts, "document", show_progress)

    async def aembed_query(self, text: str) -> list[float]:
        """The vector of a question."""
        return (await self._aembed([text], "query", False))[0]

    def embed_image(self, image: MediaInput) -> list[float]:
        """The vector of an image (Titan image, Cohere, Nova, Marengo)."""
        return self.embed_images([image], show_progress=False)[0]

    def embed_images(
        self, images: Sequence[MediaInput], *, show_progress: bool | OnProgress | None = None
    ) -> list[list[float]]:
        """One vector an image, in order; ``show_progress`` as in :meth:`embed_documents`."""
        return self._embed([_medium("image", image) for image in images], "document", show_progress)

    async def aembed_image(self, image: MediaInput) -> list[float]:
        """The vector of an image."""
        return (await self.aembed_images([image], show_progress=False))[0]

    async def aembed_images(
        self, images: Sequence[MediaInput], *, show_progress: bool | OnProgress | None = None
    ) -> list[list[float]]:
        """The asynchronous :meth:`embed_images`."""
        return await self._aembed([_medium("image", image) for image in images], "document", show_progress)

    def embed_audio(self, audio: MediaInput) -> list[float]:
        """The vector of a sound of up to 30 seconds (Nova)."""
        return self._embed([_medium("audio", audio)], "document", False)[0]

    async def aembed_audio(self, audio: MediaInput) -> list[float]:
        """The vector of a sound of up to 30 seconds (Nova)."""
        return (await self._aembed([_medium("audio", audio)], "document", False))[0]

    def embed_video(self, video: MediaInput) -> list[float]:
        """The vector of a film of up to 30 seconds (Nova)."""
        return self._embed([_medium("video", video)], "document", False)[0]

    async def aembed_video(self, video: MediaInput) -> list[float]:
        """The vector of a film of up to 30 seconds (Nova)."""
        return (await self._aembed([_medium("video", video)], "document", False))[0]

    def _embed(
        self, inputs: Sequence[Any], kind: str, show_progress: bool | OnProgress | None
    ) -> list[list[float]]:
        with self._progress(inputs, show_progress) as told:
            how: HowToEmbed = {**self._how_to_embed(kind), "on_progress": told}
            return self.bedrock.embed(inputs, model_id=self.model_id, **how).vectors

    async def _aembed(
        self, inputs: Sequence[Any], kind: str, show_progress: bool | OnProgress | None
    ) -> list[list[float]]:
        with self._progress(inputs, show_progress) as told:
            how: HowToEmbed = {**self._how_to_embed(kind), "on_progress": told}
            return (await self.bedrock.aembed(inputs, model_id=self.model_id, **how)).vectors

    def _progress(
        self, inputs: Sequence[Any], wish: bool | OnProgress | None
    ) -> AbstractContextManager[OnProgress | None]:
        total = len(inputs) if isinstance(inputs, Sized) else 2
        return shown_progress(self.show_progress if wish is None else wish, total)

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
