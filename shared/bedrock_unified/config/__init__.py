"""Readers of the configuration that people bring from other Bedrock clients, with one result.

===================================================  =====================================================
``spice``, ``gomodel``, ``onellm``, ``req_llm``,     one folder a system; ``read()`` makes its result
``contenox``, ``own``
``load``, ``whose``                                  where a configuration is, and whose
``named``, ``open``                                  the result: models, providers; any id as a model
``kinds``, ``precedence``, ``building``              keywords of each kind, what wins, ``from_config``
``reading``                                          YAML, JSON and ``.env`` with the place of each value
``secrets``                                          ``${store:key}`` and the stores
===================================================  =====================================================
"""

from __future__ import annotations

from .named import Configuration, NamedModel, Origin, Provider

__all__ = ["Configuration", "NamedModel", "Origin", "Provider"]
