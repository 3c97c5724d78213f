"""``ChatBedrock.profile``: what is known of a model, in LangChain's words."""

from __future__ import annotations

from langchain_core.language_models import ModelProfile

from bedrock_unified.models.profile import Profile


def model_profile(profile: Profile) -> ModelProfile:
    """LangChain's profile of a model, which agents choose their ways by.

    Only what the core's profile knows is said, and no names. A model that nobody has heard
    of has none (an empty profile): what it can do is found out by asking it.
    """
    if not profile.name:
        return ModelProfile()
    said = ModelProfile(
        text_inputs=True,
        text_outputs=True,
        image_inputs="image" in profile.media,
        image_url_inputs=False,  # Bedrock fetches none; fetch_media does
        pdf_inputs="document" in profile.media,
        audio_inputs="audio" in profile.media,
        video_inputs="video" in profile.media,
        image_tool_message="image" in profile.tool_result_media,
        pdf_tool_message="document" in profile.tool_result_media,
        tool_calling=profile.tools,
        tool_choice=profile.tools and not profile.tool_choices.isdisjoint({"any", "tool"}),
        tool_call_streaming=profile.tools and profile.streaming and profile.streaming_tools,
        structured_output=profile.structured_output == "native",
    )
    if profile.context_window is not None:
        said["max_input_tokens"] = profile.context_window
    if profile.max_output is not None:
        said["max_output_tokens"] = profile.max_output
    if profile.reasoning is not None:
        said["reasoning_output"] = profile.reasoning != "none"
    if profile.efforts:
        said["reasoning_effort_levels"] = list(profile.efforts)
    return said
