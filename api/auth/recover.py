"""Public routes for who cannot sign in: a forgotten password, and an invitation."""

import asyncio
import time
from typing import Annotated, Any

from litestar import Controller, Request, get, post
from litestar.openapi.spec import Example
from litestar.params import JSONBody, PathParameter

from api import rate_limit
from api.auth.guard import forget_all
from api.auth.views import CallOrigin, signed_in
from api.contract.accounts import ForgotPassword, InvitationAccept, InvitationPreview, ResetPassword, SignedIn, VerifyEmail
from api.contract.base import Done
from db.accounts import invitations, recover, verification
from db.allowances import network_of, take_strictly
from db.errors import RequestError
from db.permissions import Role
from db.tenancy import Origin

LinkToken = Annotated[
    str,
    PathParameter(
        description="The last part of the link.", examples=[Example(value="0Zb3kJ8sN2vQ0xYt5LwPz7RbHc3MfGd9TqEuA1iOoXp")]
    ),
]
_SAME_TIME = 0.25  # seconds that "forgot password" takes at least, so that a known address does not show


class RecoverController(Controller):
    path = "/v1/auth"
    tags = ("Sign-in",)

    @post(
        "/forgot-password",
        status_code=200,
        opt={"public": True},
        summary="Ask for a new password",
        description="Mails a link that works for 30 minutes, until one of the person's links is used. The answer is the same whether the "
        "e-mail is known or not, and whether a mail was sent: who asks too often has one of the last half hour already.",
    )
    async def forgot_password(self, data: JSONBody[ForgotPassword], origin: CallOrigin, request: Request[Any, Any, Any]) -> Done:
        started = time.monotonic()
        await _count(origin)
        await recover.forgot_password(origin, data.email, request.app.state.settings.public_url, data.device)
        await asyncio.sleep(max(0.0, _SAME_TIME - (time.monotonic() - started)))
        return Done()

    @post(
        "/reset-password",
        status_code=200,
        opt={"public": True},
        summary="Set a new password by link",
        description="Ends all sessions of the person and signs in. 422 `link_expired` when the link was used or is older than 30 minutes. "
        "Who has a second factor gives a `code` too: without one 401 `second_factor_needed`, and the link still works.",
    )
    async def reset_password(self, data: JSONBody[ResetPassword], origin: CallOrigin) -> SignedIn:
        await _count(origin)
        opened = await recover.reset_password(origin, data.token, data.password, data.code)
        forget_all()
        return await signed_in(opened)

    @post(
        "/verify-email",
        status_code=200,
        opt={"public": True},
        summary="Verify an e-mail address by link",
        description="Says that the address is the person's. 422 `link_expired` when the link is older than 7 days.",
    )
    async def verify_email(self, data: JSONBody[VerifyEmail], origin: CallOrigin) -> Done:
        await _count(origin)
        await verification.confirm(data.token)
        return Done()

    @get(
        "/invitations/{token:str}",
        opt={"public": True},
        summary="Look at an invitation",
        description="What an invited person sees before accepting. 404 when it was used, revoked or is older than 7 days.",
    )
    async def preview(self, token: LinkToken, origin: CallOrigin) -> InvitationPreview:
        await _count(origin)
        row = await invitations.preview(_plausible(token))
        return InvitationPreview(
            company_name=row["company_name"],
            email=row["email"],
            role=Role(row["role"]),
            role_name=row["role_name"],
            has_account=row["user_id"] is not None,
        )

    @post(
        "/invitations/{token:str}/accept",
        status_code=200,
        opt={"public": True},
        summary="Accept an invitation",
        description="Joins the company and signs in. With an account, its password is asked for (and a `code`, if it has a second factor: "
        "401 `second_factor_needed`); without one, name and password make it.",
    )
    async def accept(self, token: LinkToken, data: JSONBody[InvitationAccept], origin: CallOrigin) -> SignedIn:
        await _count(origin)
        opened = await invitations.accept(origin, _plausible(token), data.password, data.name, data.device, data.code)
        return await signed_in(opened)


async def _count(origin: Origin) -> None:
    """Links and forms that anybody may send, by network: one network uses up no other's allowance. Raises TooManyRequests."""
    await take_strictly((rate_limit.LINK_NETWORK, network_of(origin.ip or "")))


def _plausible(token: str) -> str:
    if len(token) != 43:
        raise RequestError.NOT_FOUND(what="invitation")
    return token
