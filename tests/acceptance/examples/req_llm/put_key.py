from bedrock_unified import put_key
from langchain_bedrock_unified import ChatBedrock

put_key(
    "aws_bedrock",
    {"access_key_id": "AKIA...", "secret_access_key": "...", "region": "us-east-1"},
)
model = ChatBedrock.from_config("bedrock:anthropic.claude-3-sonnet-20240229-v1:0")
answer = model.invoke("Hello")
