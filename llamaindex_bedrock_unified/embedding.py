"""``BedrockEmbedding``: Bedrock's embeddings in LlamaIndex, of texts and images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from llama_index.core.base.embeddings.base import Embedding
from llama_index.core.embeddings.multi_modal_base import MultiModalEmbedding
from llama_index.core.schema import ImageType
from llama_index.core.types import PydanticProgramMode
from pydantic import Field

from bedrock_unified.embedding import DEFAULT_MODEL, HowToEmbed
from bedrock_unified.embedding.parameters import SPELLINGS, EmbeddingParameters
from bedrock_unified.errors import ConfigurationError

from .batches import together, turns
from .boto import BOTO
from .component import DUMPED, POSITIONS, BedrockComponent, without_span
from .question_cache import QuestionCache

#: What ``additional_kwargs`` may hold, in the way of other packages.
_OPTIONS = {
    "dimensions": "dimensions",
    "output_dimension": "dimensions",
    "normalize": "normalize",
    "truncate": "truncate",
    "input_type": "input_type",
    "embedding_types": "embedding_types",
    "max_tokens": "max_tokens",
}
#: Keywords of LLMs, which LlamaIndex's own package takes for an embedding model, too, and does not heed.
_OF_LLMS = (
    "system_prompt",
    "messages_to_prompt",
    "completion_to_prompt",
    "pydantic_program_mode",
    "output_parser",
)


class BedrockEmbedding(EmbeddingParameters, BedrockComponent, MultiModalEmbedding, defer_build=False):
    """Any embedding model of Bedrock (Titan, Cohere, Nova, Marengo), of texts and images.

    Documents and queries are embedded as such, where the model knows the difference, and have places of their
    own in an ``embeddings_cache``, which is one model's. Many requests are sent at once, synchronously, too.
    An ARN that does not tell its model needs ``family``; with ``application_inference_profile_arn`` the
    ``model_name`` tells it.

    The parameters of the connection are those of :class:`bedrock_unified.parameters.ConnectionParameters`.

    Raises (at construction):
        ConfigurationError: an unknown keyword, or an option that the model does not have.
    """

    spellings: ClassVar[Mapping[str, str]] = {
        **SPELLINGS,
        "model": "model_name",
        "model_id": "model_name",
    }

    model_name: str = Field(default=DEFAULT_MODEL, description="model id, or the ARN of such a model")
    application_inference_profile_arn: str | None = Field(
        default=None, description="where requests go, instead of the model's own id"
    )
    embed_batch_size: int = Field(
        default=960, gt=0, le=2048, description="inputs that LlamaIndex hands over at once"
    )
    additional_kwargs: dict[str, Any] = Field(
        default_factory=dict, description="dimensions, normalize, …, in the way of other packages"
    )

    positions: ClassVar[tuple[str, ...]] = ("model_name", *POSITIONS, "client")

    def __init__(self, *values: Any, **given: Any) -> None:
        given = self._by_name(values, given)
        for name in _OF_LLMS:
            if given.pop(name, None) not in (None, PydanticProgramMode.DEFAULT):
                raise ConfigurationError(
                    f"BedrockEmbedding: {name} has no meaning here",
                    hint="an embedding model has no prompts and answers no objects; leave it out",
                )
        super().__init__(**given)

    @classmethod
    def _accepted(cls) -> frozenset[str]:
        return super()._accepted() | DUMPED | BOTO

    def _check(self) -> None:
        super()._check()
        taken: set[str] = set()
        for name in self.additional_kwargs:
            field = _OPTIONS.get(name)
            if field is None:
                raise ConfigurationError(
                    f"additional_kwargs has no {name!r}",
                    hint=f"it takes {', '.join(_OPTIONS)}; a field of the model's own goes into "
                    f"additional_model_request_fields={{{name!r}: …}}",
                )
            if getattr(self, field) is not None or field in taken:
                raise ConfigurationError(
                    f"{field} was given twice",
                    hint=f"keep the parameter; leave {name} out of additional_kwargs",
                )
            taken.add(field)
        self._how("document")
        self._check_embedding(self.model_name)

    @classmethod
    def class_name(cls) -> str:
        """The name that LlamaIndex stores models under."""
        return "BedrockEmbedding"

    @staticmethod
    def list_supported_models() -> dict[str, list[str]]:
        """Ids of embedding models that are known by name, by vendor. Any other id works, too."""
        from bedrock_unified.models.merging import curated  # few ask

        known: dict[str, list[str]] = {}
        for model in curated("us-east-1"):
            if model.kind == "embedding" and model.vendor is not None:
                known.setdefault(model.vendor, []).append(model.model_id)
        return known

    def _how_to_embed(self, input_type: str) -> HowToEmbed:
        """The keywords of a call, for ``document`` or ``query``."""
        how = dict(super()._how_to_embed(input_type))
        how |= {_OPTIONS[name]: value for name, value in self.additional_kwargs.items()}
        return HowToEmbed(**how)  # type: ignore[typeddict-item]

    def _how(self, input_type: str) -> dict[str, Any]:
        how: dict[str, Any] = {"model_id": self.model_name, **self._how_to_embed(input_type)}
        if self.application_inference_profile_arn is not None:
            how |= {
                "model_id": self.application_inference_profile_arn,
                "family": how["family"] or self.model_name,
            }
        return how

    def _embed(self, inputs: Sequence[Any], kind: str = "document") -> list[Embedding]:
        return self.bedrock.embed(inputs, **self._how(kind)).vectors if inputs else []

    async def _aembed(self, inputs: Sequence[Any], kind: str = "document") -> list[Embedding]:
        if not inputs:
            return []
        how = self._how(kind)
        async with turns(how, inputs):
            return (await self.bedrock.aembed(inputs, **how)).vectors

    # LlamaIndex's cache knows texts alone; a question has a place of its own in it

    def get_query_embedding(self, query: str) -> Embedding:
        """The vector of a question."""
        return without_span(super(BedrockEmbedding, self._for_questions()).get_query_embedding)(query)

    async def aget_query_embedding(self, query: str) -> Embedding:
        """The vector of a question."""
        return await without_span(super(BedrockEmbedding, self._for_questions()).aget_query_embedding)(query)

    def _for_questions(self) -> BedrockEmbedding:
        cache = self.embeddings_cache
        if cache is None:
            return self
        return self.model_copy(update={"embeddings_cache": QuestionCache(cache)})

    # LlamaIndex begins all batches of a call at once, each of which begins many requests

    async def aget_text_embedding_batch(
        self, texts: list[str], show_progress: bool = False, **kwargs: Any
    ) -> list[Embedding]:
        """One vector a text, in order; ``concurrency`` holds for all batches together."""
        with together(self.concurrency):
            method = without_span(super().aget_text_embedding_batch)
            return await method(texts, show_progress, **kwargs)

    async def aget_image_embedding_batch(
        self, img_file_paths: list[ImageType], show_progress: bool = False
    ) -> list[Embedding]:
        """One vector an image, in order; ``concurrency`` holds for all batches together."""
        with together(self.concurrency):
            return await super().aget_image_embedding_batch(img_file_paths, show_progress)

    # Texts

    def _get_text_embeddings(self, texts: list[str]) -> list[Embedding]:
        return self._embed(texts)

    async def _aget_text_embeddings(self, texts: list[str]) -> list[Embedding]:
        return await self._aembed(texts)

    def _get_text_embedding(self, text: str) -> Embedding:
        return self._embed([text])[0]

    async def _aget_text_embedding(self, text: str) -> Embedding:
        return (await self._aembed([text]))[0]

    def _get_query_embedding(self, query: str) -> Embedding:
        return self._embed([query], "query")[0]

    async def _aget_query_embedding(self, query: str) -> Embedding:
        return (await self._aembed([query], "query"))[0]

    # Images: paths or BytesIO, as LlamaIndex has them; also data URLs and s3:// URIs

    def _get_image_embedding(self, img_file_path: ImageType) -> Embedding:
        return self._get_image_embeddings([img_file_path])[0]

    async def _aget_image_embedding(self, img_file_path: ImageType) -> Embedding:
        return (await self._aget_image_embeddings([img_file_path]))[0]

    def _get_image_embeddings(self, img_file_paths: list[ImageType]) -> list[Embedding]:
        if self.rate_limiter is not None:  # LlamaIndex asks it for texts alone
            self.rate_limiter.acquire()
        return self._embed([_image(image) for image in img_file_paths])

    async def _aget_image_embeddings(self, img_file_paths: list[ImageType]) -> list[Embedding]:
        if self.rate_limiter is not None:
            await self.rate_limiter.async_acquire()
        return await self._aembed([_image(image) for image in img_file_paths])


def _image(image: Any) -> dict[str, Any]:
    if isinstance(image, str) and not image.lower().startswith(("s3://", "data:", "http://", "https://")):
        return {"image": Path(image)}
    return {"image": image}
