"""The reranker as a postprocessor, by a model's name and by its ARN."""

from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode
from llama_index.postprocessor.bedrock_rerank import BedrockRerank

texts = ["Tea is served at four.", "The harbour of Vell closes at nine.", "The lighthouse keeper is Ines."]
nodes = [NodeWithScore(node=TextNode(text=text, id_=str(n)), score=0.1) for n, text in enumerate(texts)]
for reranker in (
    BedrockRerank(region_name="us-east-1"),
    BedrockRerank(top_n=3, rerank_model_name="amazon.rerank-v1:0", region_name="us-west-2"),
    BedrockRerank(
        top_n=1, rerank_model_arn="arn:aws:bedrock:us-east-1::foundation-model/cohere.rerank-v3-5:0"
    ),
):
    found = reranker.postprocess_nodes(nodes, query_str="When does the harbour of Vell close?")
    print([(node.node.node_id, round(node.score, 4)) for node in found])
bundle = QueryBundle("Who keeps the lighthouse?")
print(BedrockRerank(top_n=1).postprocess_nodes(nodes, query_bundle=bundle)[0].text)
print(BedrockRerank().postprocess_nodes([], query_str="Who?"))
print(BedrockRerank().class_name(), BedrockRerank().top_n)
