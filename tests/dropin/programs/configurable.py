"""Parameters that a caller may configure."""

from langchain_aws import ChatBedrockConverse
from langchain_core.runnables import ConfigurableField

llm = ChatBedrockConverse(model="us.amazon.nova-lite-v1:0", temperature=0.5)
configured = llm.configurable_fields(
    temperature=ConfigurableField(id="heat"), max_tokens=ConfigurableField(id="length")
)
print(configured.invoke("The sea is blue. Which colour has the sea?").content)
other = configured.with_config(configurable={"heat": 0.9, "length": 50})
print(other.invoke("The sea is blue. Which colour has the sea?").content)
