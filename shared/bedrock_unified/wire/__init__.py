"""Bedrock's wire protocol without sockets: values, signing, frames, errors and retries."""
