"""LangChain messages to Converse turns and back: one file each way, and one for streams.

The blocks of an answer have the keys that LangChain's Bedrock users know (``text``, ``tool_use``,
``reasoning_content``, …). Members of Bedrock's that have no such key stand under ``extras`` by their own
names and go back as they came; kinds of block without any form in LangChain stand as
``{"type": kind, kind: value}``.
"""
