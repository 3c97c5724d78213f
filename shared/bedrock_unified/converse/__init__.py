"""The Converse shape, as pure functions on plain dicts: building, checking, reading, reducing."""
