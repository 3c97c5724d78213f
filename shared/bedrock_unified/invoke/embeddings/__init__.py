"""InvokeModel bodies of the embedding families: pure functions, one file a family."""
