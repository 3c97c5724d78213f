contenox backend add bedrock --type bedrock \
  --url "https://bedrock-runtime.us-east-1.amazonaws.com" --api-key-env AWS_BEDROCK_CREDS
