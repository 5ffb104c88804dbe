"""Accounts over the API: sign-up, sign-in, profile, sessions, company, team, keys, and the first page's figures."""

from uuid import UUID

from api.contract.accounts import (
    ApiKey,
    ApiKeyCreate,
    ApiKeyCreated,
    ApiKeyPatch,
    ApiKeyRotate,
    Company,
    CompanyPatch,
    ForgotPassword,
    Invitation,
    InvitationAccept,
    InvitationCreate,
    InvitationCreated,
    InvitationPreview,
    Me,
    Member,
    MemberPatch,
    MePatch,
    PasswordChange,
    ResetPassword,
    SessionInfo,
    SignedIn,
    SignIn,
    SignUp,
    SwitchCompany,
    TeamRole,
    TeamRoleCreate,
    TeamRolePatch,
    VerifyEmail,
)
from api.contract.base import Done, Page
from api.contract.home import FirstStepsSet, Home
from api.contract.mcp import McpAddress
from ui.client.base import ApiClient


async def sign_up(api: ApiClient, body: SignUp) -> SignedIn:
    return await api.post("/v1/auth/sign-up", SignedIn, body)


async def sign_in(api: ApiClient, body: SignIn) -> SignedIn:
    return await api.post("/v1/auth/sign-in", SignedIn, body)


async def sign_out(api: ApiClient) -> None:
    await api.post("/v1/auth/sign-out", Done)


async def switch_company(api: ApiClient, company_id: UUID) -> SignedIn:
    return await api.post("/v1/auth/switch-company", SignedIn, SwitchCompany(company_id=company_id))


async def forgot_password(api: ApiClient, email: str, device: str | None = None) -> None:
    await api.post("/v1/auth/forgot-password", Done, ForgotPassword(email=email, device=device))


async def reset_password(api: ApiClient, token: str, password: str, code: str | None = None) -> SignedIn:
    return await api.post("/v1/auth/reset-password", SignedIn, ResetPassword(token=token, password=password, code=code))


async def verify_email(api: ApiClient, token: str) -> Done:
    return await api.post("/v1/auth/verify-email", Done, VerifyEmail(token=token))


async def ask_to_verify_email(api: ApiClient) -> None:
    await api.post("/v1/me/verify-email", Done)


async def invitation(api: ApiClient, token: str) -> InvitationPreview:
    return await api.get(f"/v1/auth/invitations/{token}", InvitationPreview)


async def accept_invitation(api: ApiClient, token: str, body: InvitationAccept) -> SignedIn:
    return await api.post(f"/v1/auth/invitations/{token}/accept", SignedIn, body)


async def me(api: ApiClient) -> Me:
    return await api.get("/v1/me", Me)


async def change_me(api: ApiClient, body: MePatch) -> Me:
    return await api.patch("/v1/me", Me, body)


async def change_password(api: ApiClient, body: PasswordChange) -> SignedIn:
    return await api.post("/v1/me/password", SignedIn, body)


async def sessions(api: ApiClient) -> Page[SessionInfo]:
    return await api.get("/v1/me/sessions", Page[SessionInfo])


async def end_session(api: ApiClient, session_id: UUID) -> None:
    await api.delete(f"/v1/me/sessions/{session_id}")


async def end_other_sessions(api: ApiClient) -> None:
    await api.delete("/v1/me/sessions")


async def company(api: ApiClient) -> Company:
    return await api.get("/v1/company", Company)


async def change_company(api: ApiClient, body: CompanyPatch) -> Company:
    return await api.patch("/v1/company", Company, body)


async def everybody(api: ApiClient) -> list[Member]:
    """The whole team."""
    page = await team(api)
    found = page.items
    while page.next_cursor:
        page = await team(api, page.next_cursor)
        found += page.items
    return found


async def team(api: ApiClient, cursor: str | None = None) -> Page[Member]:
    return await api.get("/v1/team", Page[Member], {"cursor": cursor})


async def change_member(api: ApiClient, user_id: UUID, body: MemberPatch) -> Member:
    return await api.patch(f"/v1/team/{user_id}", Member, body)


async def remove_member(api: ApiClient, user_id: UUID) -> None:
    await api.delete(f"/v1/team/{user_id}")


async def roles(api: ApiClient) -> list[TeamRole]:
    """The built-in ones, then the company's own."""
    return (await api.get("/v1/team/roles", Page[TeamRole])).items


async def create_role(api: ApiClient, body: TeamRoleCreate) -> TeamRole:
    return await api.post("/v1/team/roles", TeamRole, body)


async def change_role(api: ApiClient, role_id: UUID, body: TeamRolePatch, version: int) -> TeamRole:
    return await api.patch(f"/v1/team/roles/{role_id}", TeamRole, body, version=version)


async def delete_role(api: ApiClient, role_id: UUID, version: int, instead: TeamRole | None = None) -> None:
    """`instead`: what whoever has it, or is invited to it, gets."""
    given = {} if instead is None else {"move_to": instead.role.value, "move_to_id": instead.id and str(instead.id)}
    await api.delete(f"/v1/team/roles/{role_id}", given, version=version)


async def invitations(api: ApiClient) -> Page[Invitation]:
    return await api.get("/v1/team/invitations", Page[Invitation])


async def invite(api: ApiClient, body: InvitationCreate) -> InvitationCreated:
    return await api.post("/v1/team/invitations", InvitationCreated, body)


async def revoke_invitation(api: ApiClient, invitation_id: UUID) -> None:
    await api.delete(f"/v1/team/invitations/{invitation_id}")


async def api_keys(api: ApiClient) -> Page[ApiKey]:
    return await api.get("/v1/api-keys", Page[ApiKey])


async def create_api_key(api: ApiClient, body: ApiKeyCreate) -> ApiKeyCreated:
    return await api.post("/v1/api-keys", ApiKeyCreated, body)


async def change_api_key(api: ApiClient, key_id: UUID, body: ApiKeyPatch) -> ApiKey:
    return await api.patch(f"/v1/api-keys/{key_id}", ApiKey, body)


async def rotate_api_key(api: ApiClient, key_id: UUID, body: ApiKeyRotate) -> ApiKeyCreated:
    return await api.post(f"/v1/api-keys/{key_id}/rotate", ApiKeyCreated, body)


async def revoke_api_key(api: ApiClient, key_id: UUID) -> None:
    await api.delete(f"/v1/api-keys/{key_id}")


async def home(api: ApiClient) -> Home:
    return await api.get("/v1/home", Home)


async def set_first_steps(api: ApiClient, *, away: bool) -> None:
    await api.put("/v1/home/first-steps", Done, FirstStepsSet(away=away))


async def mcp_address(api: ApiClient) -> McpAddress:
    return await api.get("/v1/mcp", McpAddress)
