"""What a program that catches botocore's errors catches, and who is refused before a call."""

from botocore.exceptions import ClientError
from llama_index.core.llms import ChatMessage
from llama_index.llms.bedrock_converse import BedrockConverse

llm = BedrockConverse(model="us.amazon.nova-lite-v1:0", max_retries=1)
try:
    llm.chat([ChatMessage(role="user", content="Hello.")])
except ClientError as error:
    print("caught", error.response["Error"]["Code"], error.response["Error"]["Message"])
try:
    llm.complete("Hello.", max_tokens=-5)
except Exception as error:
    print(type(error).__name__)
try:
    BedrockConverse(model="us.acme.talker-v1:0")
    print("made")
except ValueError as error:
    print("refused", error)
