"""One BedrockClient behind both frameworks."""

from __future__ import annotations

import pytest
from llama_index.core import VectorStoreIndex

from bedrock_unified import BedrockClient
from bedrock_unified.errors import ThrottlingError
from bedrock_unified.local import Fault, LocalBedrock
from langchain_bedrock_unified import ChatBedrock
from langchain_bedrock_unified.errors import ThrottlingError as LangChainThrottlingError
from llamaindex_bedrock_unified import BedrockConverse, BedrockEmbedding

from ..conftest import KEYS, MODEL
from .rig import WHEN, documents


def test_a_langchain_and_a_llamaindex_model_share_one_client_in_one_line() -> None:
    with (
        LocalBedrock() as local,
        BedrockClient(region_name="us-east-1", endpoint_url=local.url, max_retries=0, **KEYS) as client,
    ):
        chain, llm = ChatBedrock(model=MODEL, client=client), BedrockConverse(model=MODEL, client=client)
        question = f"{WHEN} The ferry leaves Harwick at nine."
        assert chain.invoke(question).content == llm.complete(question).text
        assert len(local.requests) == 2 and len({sent.connection for sent in local.requests}) == 1
        index = VectorStoreIndex.from_documents(documents(), embed_model=BedrockEmbedding(client=client))
        assert "nine" in str(index.as_query_engine(llm=llm).query(WHEN))
        local.inject(Fault.throttle(2))
        with pytest.raises(LangChainThrottlingError):
            chain.invoke(question)
        with pytest.raises(ThrottlingError) as caught:
            llm.complete(question)
        assert not isinstance(caught.value, LangChainThrottlingError)
