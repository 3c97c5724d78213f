export AWS_DEFAULT_REGION="eu-west-1"
