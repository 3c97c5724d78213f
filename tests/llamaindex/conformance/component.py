"""What LlamaIndex expects of any component: to be written down, read back and copied, and never a secret."""

from __future__ import annotations

import copy
import json
import pickle
import time
from typing import Any

import pytest
from llama_index.core.callbacks import CallbackManager, LlamaDebugHandler

from bedrock_unified.local import Fault

from .base import KEYS, Conformance, Make, Serve


class ComponentConformance(Conformance):
    """Serialisation; :meth:`works` makes one call of any kind."""

    def works(self, model: Any) -> bool:
        """Whether the model can be called."""
        raise NotImplementedError

    def test_a_dump_is_json_and_makes_an_equal_model(self, serve: Serve, make: Make) -> None:
        serve()
        model = make(region_name="eu-west-1")
        data = json.loads(json.dumps(model.to_dict()))
        assert data["class_name"] == self.model_class.class_name()
        again = make.adopt(self.model_class.from_dict(data))
        assert again.to_dict() == model.to_dict()
        assert again.region_name == "eu-west-1"
        assert self.works(again)

    def test_no_secret_is_shown(self, serve: Serve, make: Make) -> None:
        serve()
        model = make(**KEYS)
        shown = f"{model!r}{model}{model.to_dict()}{model.to_json()}"
        if hasattr(model, "to_payload"):
            shown += str(model.to_payload())
        assert not [name for name, secret in KEYS.items() if secret in shown]

    def test_a_deep_copy_works(self, serve: Serve, make: Make) -> None:
        serve()
        model = make(region_name="us-east-1")
        made = make.adopt(copy.deepcopy(model))
        assert self.works(made)
        assert self.works(model)

    def test_a_pickled_model_works(self, serve: Serve, make: Make) -> None:
        serve()
        model = make(region_name="us-east-1")
        made = make.adopt(pickle.loads(pickle.dumps(model)))
        assert self.works(made)
        assert self.works(model)

    def test_a_callback_manager_can_be_set(self, serve: Serve, make: Make) -> None:
        """LlamaIndex's Settings do so."""
        serve()
        model = make()
        debug = LlamaDebugHandler(print_trace_on_end=False)
        model.callback_manager = CallbackManager([debug])
        assert self.works(model)
        assert debug.get_events()

    def test_a_throttled_call_is_tried_as_often_as_was_said(
        self, serve: Serve, make: Make, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """``max_retries`` is the tries after the first, of the whole tower."""
        monkeypatch.setattr(time, "sleep", lambda _: None)
        endpoint = serve(faults=[Fault.throttle(times=None)])
        model = make(max_retries=1)
        with pytest.raises(Exception):  # noqa: B017 - of which class it is, no contract says
            self.works(model)
        assert len(endpoint.requests) == 2
