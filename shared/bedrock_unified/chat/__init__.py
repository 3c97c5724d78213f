"""One Converse request under its options: prepared, routed, asked again where refused, and finished."""
