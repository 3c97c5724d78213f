"""What reads documents, whoever's they are: YAML, JSON and ``.env`` files as values that know their place."""
