from langchain_bedrock_unified import ChatBedrock

model = ChatBedrock.from_config("bedrock:anthropic.claude-3-sonnet-20240229-v1:0")
answer = model.invoke("Hello", region="us-east-1", access_key_id="AKIA...", secret_access_key="...")
