"""A boto3 client and a botocore configuration handed in."""

import boto3
from botocore.config import Config
from langchain_aws import BedrockEmbeddings, ChatBedrockConverse

runtime = boto3.client("bedrock-runtime", region_name="us-east-1")
control = boto3.client("bedrock", region_name="us-east-1")
question = "The sea is blue. Which colour has the sea?"
llm = ChatBedrockConverse(model="us.amazon.nova-lite-v1:0", client=runtime, bedrock_client=control)
print(llm.invoke(question).content)
print("".join(chunk.text for chunk in llm.stream(question)))
print(len(BedrockEmbeddings(client=runtime, model_id="amazon.titan-embed-text-v2:0").embed_query("alpha")))
print(llm.client is runtime, ChatBedrockConverse(model="us.amazon.nova-lite-v1:0").client is None)

config = Config(read_timeout=60, connect_timeout=3, retries={"max_attempts": 2, "mode": "standard"})
tuned = ChatBedrockConverse(model="us.amazon.nova-lite-v1:0", config=config, timeout=30)
print(tuned.invoke(question).content)
print(tuned.timeout == 30)
