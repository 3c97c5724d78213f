"""``bedrock-unified chat``: one question, or a talk on a terminal."""
