"""InvokeModel's families: the bodies each understands, as pure functions."""
