"""The stand-in behind the local endpoint. **It is not a language model.**

It reads what a request gives it and answers from that alone, by fixed rules:

- it quotes the sentences of the given text (tool results, documents, the user's own turns, the system prompt)
  that share the most telling words with the question;
- it calls the offered tool whose name, description and parameters fit the question, with arguments found in
  the text by the tool's JSON schema, and then answers from the tool's result;
- it obeys a JSON schema, stop sequences, token limits, forced tool choices, requests for reasoning and for
  citations;
- it embeds text by hashed word features.

The same request always gets the same answer. Nothing in it is learnt, and it knows no facts: asked for what
no text in the request says, it says so.
"""
