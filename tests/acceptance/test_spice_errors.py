"""Spice.ai's statement about permissions that a call's error must tell (SP-52)."""

from __future__ import annotations

import pytest

from bedrock_unified.errors import PermissionDeniedError

from .conftest import Account, MakeApp
from .frameworks import STREAMED, WAYS


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("use_converse", [True, False])
async def test_sp_52_a_refusal_names_the_permission_that_is_missing(
    app: MakeApp, account: Account, way: str, use_converse: bool
) -> None:
    denied = "User: arn:aws:iam::123456789012:user/ann is not authorized to perform this action"
    account.has(script=[{"error": {"code": "AccessDeniedException", "message": denied}}])
    model = app("us.anthropic.claude-sonnet-4-5-20250929-v1:0", use_converse=use_converse)
    with pytest.raises(PermissionDeniedError) as refused:
        await model.ask("Hello?", way)
    needed = "bedrock:InvokeModelWithResponseStream" if way in STREAMED else "bedrock:InvokeModel"
    assert needed in str(refused.value.hint).replace(",", " ").split()
    assert refused.value.status == 403
    assert refused.value.request_id == account.last.request_id
