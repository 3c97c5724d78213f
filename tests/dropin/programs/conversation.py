"""A conversation of several turns, two messages of one side in a row, a name, blank text."""

from langchain_aws import ChatBedrockConverse
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

llm = ChatBedrockConverse(model_id="us.amazon.nova-lite-v1:0", region_name="us-east-1", max_tokens=200)
history = [
    SystemMessage("You are a harbour guide."),
    SystemMessage("Answer briefly."),
    HumanMessage("The ferry leaves Vell at nine."),
    AIMessage("Noted.  "),
    HumanMessage("It takes an hour."),
    HumanMessage("When does the ferry leave?", name="traveller"),
]
answer = llm.invoke(history)
print(answer.content)
history += [answer, HumanMessage("How long does it take?")]
print(llm.invoke(history).content)
print(llm.model_id, llm.model, llm.max_tokens)
