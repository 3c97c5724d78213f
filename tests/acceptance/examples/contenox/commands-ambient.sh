contenox backend add bedrock --type bedrock \
  --url "https://bedrock-runtime.us-east-1.amazonaws.com" # the region lives in the URL
contenox model list # curated Converse-capable model ids
contenox config set default-model anthropic.claude-3-5-sonnet-20241022-v2:0 # example — use an enabled id
contenox config set default-provider bedrock
