"""What is known of models: how ids and ARNs are read, short names, inference-profile geographies."""
