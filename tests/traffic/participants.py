"""Who is replayed."""

from .langchain_speaker import LangChainSpeaker
from .langchain_standard_speaker import StandardBlocksSpeaker
from .llamaindex_speaker import LlamaIndexSpeaker
from .speakers import ClientSpeaker, InjectedSpeaker

#: One for each way in which an answer is read.
READERS = (ClientSpeaker, LangChainSpeaker, StandardBlocksSpeaker, LlamaIndexSpeaker)
SPEAKERS = (ClientSpeaker, InjectedSpeaker, LangChainSpeaker, StandardBlocksSpeaker, LlamaIndexSpeaker)
#: Those whose messages may be kept as JSON between two turns.
STORING_SPEAKERS = (LangChainSpeaker, LlamaIndexSpeaker)
