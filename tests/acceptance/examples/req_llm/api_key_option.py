from langchain_bedrock_unified import ChatBedrock

model = ChatBedrock.from_config("bedrock:anthropic.claude-3-sonnet-20240229-v1:0")
answer = model.invoke("Hello", api_key="your-api-key", region="us-east-1")
