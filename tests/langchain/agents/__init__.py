"""Agent frameworks on ``ChatBedrock``, over the local endpoint.

Installed and tested here: LangChain's ``create_agent``, and graphs of LangGraph, hand-offs between agents
among them. Deep Agents (``deepagents``) builds on ``create_agent`` and takes the same model object.

CrewAI is not tested: it accepts no LangChain model any more. It left LangChain for LiteLLM in September 2024
and dropped the dependency in November 2024 (crewAIInc/crewAI, issue 1333 and pull request 1668). Its
``Agent(llm=…)`` takes a name, an ``LLM`` or a subclass of ``crewai.BaseLLM``
(https://docs.crewai.com/en/learn/custom-llm); from any other object it reads ``model``, ``temperature``,
``max_tokens``, ``timeout`` and the like and makes an ``LLM`` of its own from them
(``crewai/utilities/llm_utils.py``), so a ``ChatBedrock`` given there is never called.
"""
