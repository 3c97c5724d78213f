export AWS_BEDROCK_CREDS='{"AccessKeyID":"AKIA...","SecretAccessKey":"...","SessionToken":""}'
