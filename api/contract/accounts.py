"""Sign-up, sign-in, sessions, team, company and API keys."""

from typing import Annotated
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from api.contract.base import COUNTRY, Email, Input, Label, Output, Title, example
from api.contract.second_factor import Code
from db.accounts.enums import InvitationMail, KeyEnd, Language
from db.contacts.filter import Moment
from db.permissions import Permission, Role

Password = Annotated[str, Meta(min_length=10, max_length=200, examples=["cavalo-azul-42"])]
Name = Title
Device = Annotated[str, Meta(max_length=100, examples=["Zk3uY0kq"])]
TimeZone = Annotated[str, Meta(max_length=64, examples=["America/Sao_Paulo"])]


class SignUp(Input):
    """POST /v1/auth/sign-up: a new company with its owner; answers SignedIn."""

    company_name: Annotated[Name, example("Loja Aurora")]
    name: Annotated[Name, example("Ana Lima")]
    email: Email
    password: Password
    language: Language = Language.PT_BR
    time_zone: TimeZone = "America/Sao_Paulo"


class SignIn(Input):
    """POST /v1/auth/sign-in → SignedIn; wrong e-mail or password: 401 `bad_credentials`, always the same text and time."""

    email: Email
    password: Annotated[str, Meta(examples=["cavalo-azul-42"], max_length=200)]
    device: Device | None = None
    code: Code | None = None  # of the second factor, where there is one
    trust_device: bool = False  # asks for no code in this browser for 30 days


class SignedIn(Output):
    token: Annotated[
        str, example("mia_s_kJ8sN2vQ0xYt5LwPz7RbHc3MfGd9TqEuA1iOoXpVnZs")
    ]  # opaque, send as `Authorization: Bearer …`; shown once
    expires_at: Moment
    me: "Me"
    device: str | None = None  # keep it, and send it with the next sign-in: then strangers' tries do not count against it


class Me(Output):
    """GET /v1/me: who is asking, in which company, and what they may do."""

    user_id: UUID | None  # null for an API key
    name: Annotated[str, example("Ana Lima")]
    email: Annotated[str, example("ana@lojaaurora.com.br")] | None
    email_verified: bool  # until then we mail few invitations for this person
    language: Language
    role: Role | None
    permissions: list[Permission]
    company: "Company"
    companies: list["CompanyRef"]
    held: bool = False  # something waits for a decision after a restore or a failover: GET /v1/holds
    second_factor_missing: bool = False  # the company asks for it: until it is set up nothing else can be done
    role_name: Annotated[str, example("Secretária")] | None = None  # of a role that the company made


class CompanyRef(Output):
    id: UUID
    name: Annotated[str, example("Loja Aurora")]
    role: Role
    role_name: Annotated[str, example("Secretária")] | None = None  # of a role that the company made


class Company(Output):
    """GET /v1/company."""

    id: UUID
    name: Annotated[str, example("Loja Aurora")]
    language: Language
    time_zone: Annotated[str, example("America/Sao_Paulo")]
    country: Annotated[str, example("BR")]  # ISO 3166-1 alpha-2, the default region of phone numbers
    created_at: Moment
    demo: bool
    answer_target: Annotated[int | None, example(15)]  # minutes within which who writes is to be answered; null: no target
    second_factor_required: bool  # of everybody at sign-in
    same_text_hours: Annotated[
        int, example(24)
    ]  # the same SMS text goes to the same number once within so many; 0: no such limit


class CompanyPatch(Input):
    """PATCH /v1/company."""

    name: Annotated[Name, example("Loja Aurora")] | UnsetType = UNSET
    language: Language | UnsetType = UNSET
    time_zone: TimeZone | UnsetType = UNSET
    country: Annotated[str, Meta(examples=["BR"], pattern=COUNTRY)] | UnsetType = UNSET
    answer_target: Annotated[int, Meta(ge=1, le=10080, examples=[15])] | None | UnsetType = UNSET
    same_text_hours: Annotated[int, Meta(ge=0, le=168, examples=[24])] | UnsetType = UNSET


class MePatch(Input):
    """PATCH /v1/me."""

    name: Annotated[Name, example("Ana Lima")] | UnsetType = UNSET
    language: Language | UnsetType = UNSET


class PasswordChange(Input):
    """POST /v1/me/password: ends every other session; answers SignedIn with a new token."""

    current_password: Annotated[str, Meta(examples=["cavalo-azul-41"], max_length=200)]
    new_password: Password


class SwitchCompany(Input):
    """POST /v1/auth/switch-company → SignedIn for another company of the same person."""

    company_id: UUID


class ForgotPassword(Input):
    """POST /v1/auth/forgot-password: always Done, whether the e-mail is known or not."""

    email: Email
    device: Device | None = None


class ResetPassword(Input):
    """POST /v1/auth/reset-password → SignedIn; the link works once, for 30 minutes."""

    token: Annotated[str, Meta(examples=["0Zb3kJ8sN2vQ0xYt5LwPz7RbHc3MfGd9TqEuA1iOoXp"], max_length=200)]
    password: Password
    code: Code | None = None  # of the second factor, where there is one


class VerifyEmail(Input):
    """POST /v1/auth/verify-email → Done; the link works for 7 days, also more than once."""

    token: Annotated[str, Meta(examples=["0Zb3kJ8sN2vQ0xYt5LwPz7RbHc3MfGd9TqEuA1iOoXp"], max_length=200)]


class SessionInfo(Output):
    """GET /v1/me/sessions → Page[SessionInfo]; DELETE /v1/me/sessions/{id} revokes one, DELETE /v1/me/sessions all but this."""

    id: UUID
    created_at: Moment
    last_seen_at: Moment
    ip: Annotated[str, example("203.0.113.7")] | None
    user_agent: Annotated[str, example("Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0")] | None
    company: Annotated[str, example("Loja Aurora")]
    current: bool


class Member(Output):
    """GET /v1/team → Page[Member]."""

    user_id: UUID
    name: Annotated[str, example("Bruno Souza")]
    email: Annotated[str, example("bruno@lojaaurora.com.br")]
    role: Role
    role_id: UUID | None  # of a role that the company made
    role_name: Annotated[str, example("Secretária")] | None
    answers: bool  # conversations may be assigned to them
    joined_at: Moment
    last_seen_at: Moment | None
    second_factor: bool  # sign-in asks them for codes


class MemberPatch(Input):
    """PATCH /v1/team/{user_id}; DELETE removes. The last owner can be neither removed nor demoted (409 `last_owner`)."""

    role: Role
    role_id: UUID | None = None  # with `custom`: which of the company's own roles


RoleName = Annotated[Label, example("Secretária")]
Picked = Annotated[list[Permission], Meta(max_length=100, examples=[["contacts:read", "conversations:read", "events:read"]])]


class TeamRole(Output):
    """GET /v1/team/roles → Page[TeamRole]: the built-in ones from most to least, then the company's own by name."""

    id: UUID | None  # null: built in, the same in every company
    role: Role  # `custom`: the company's own
    name: Annotated[str, example("Secretária")] | None  # null: built in
    permissions: list[Permission]  # none: nothing
    people: int  # of the team who have it
    names: Annotated[list[str], Meta(examples=[["Carla Mendes"]])]  # of the first ten of them
    invited: int  # open invitations to it
    version: int  # 0: built in


class TeamRoleCreate(Input):
    """POST /v1/team/roles → TeamRole. None picked: whoever has it may do nothing but change their own profile."""

    name: RoleName
    permissions: Picked


class TeamRolePatch(Input):
    """PATCH /v1/team/roles/{id} → TeamRole. The list is replaced as a whole."""

    name: RoleName | UnsetType = UNSET
    permissions: Picked | UnsetType = UNSET


class InvitationCreate(Input):
    """POST /v1/team/invitations → InvitationCreated."""

    email: Email
    role: Role
    role_id: UUID | None = None  # with `custom`: which of the company's own roles


class Invitation(Output):
    """GET /v1/team/invitations → Page[Invitation]; DELETE /v1/team/invitations/{id} revokes."""

    id: UUID
    email: Annotated[str, example("carla@lojaaurora.com.br")]
    role: Role
    role_id: UUID | None  # of a role that the company made
    role_name: Annotated[str, example("Secretária")] | None
    invited_by: Annotated[str, example("Ana Lima")]
    created_at: Moment
    expires_at: Moment


class InvitationCreated(Output):
    invitation: Invitation
    link: Annotated[
        str, example("https://painel.example.com/invitation/0Zb3kJ8sN2vQ0xYt5LwPz7RbHc3MfGd9TqEuA1iOoXp")
    ]  # shown once
    mail: InvitationMail  # whether we mailed it; if not, hand on the link


class InvitationPreview(Output):
    """GET /v1/auth/invitations/{token}: what the invited person sees before accepting (public)."""

    company_name: Annotated[str, example("Loja Aurora")]
    email: Annotated[str, example("carla@lojaaurora.com.br")]
    role: Role
    has_account: bool  # then the password of that account is asked for
    role_name: Annotated[str, example("Secretária")] | None = None  # of a role that the company made


class InvitationAccept(Input):
    """POST /v1/auth/invitations/{token}/accept → SignedIn."""

    password: Annotated[str, Meta(examples=["cavalo-azul-42"], max_length=200)]
    name: Annotated[Name, example("Carla Dias")] | None = None  # needed when there is no account yet
    device: Device | None = None
    code: Code | None = None  # of the account's second factor, where there is one


Networks = Annotated[list[Annotated[str, Meta(min_length=2, max_length=50, examples=["203.0.113.0/24"])]], Meta(max_length=50)]
"""From where a key is used: addresses and networks, IPv4 or IPv6; none: from everywhere."""


class ApiKeyCreate(Input):
    """POST /v1/api-keys → ApiKeyCreated. `test`: its secret begins with `mia_test_`, and it reaches the simulator only: what would leave
    the company, at once or later by itself, is 403 `test_key`."""

    name: Annotated[Name, example("ERP")]
    scopes: Annotated[list[Permission], Meta(min_length=1)]
    expires_at: Annotated[Moment, example("2031-01-31T09:00:00-03:00")] | None = None
    addresses: Networks = []
    test: bool = False


class ApiKeyPatch(Input):
    """PATCH /v1/api-keys/{id} → ApiKey. What is left out stays. `api_version`: the newest, or one to go back to."""

    addresses: Networks | UnsetType = UNSET
    api_version: Annotated[str, Meta(max_length=10, examples=["2026-11-27"])] | UnsetType = UNSET


class ApiKeyRotate(Input):
    """POST /v1/api-keys/{id}/rotate → ApiKeyCreated."""

    old_valid_until: Moment | None  # null: the secret before ends at once; at most 30 days from now


class ApiKey(Output):
    """GET /v1/api-keys → Page[ApiKey]; DELETE /v1/api-keys/{id} revokes. A key may do what its scopes and the present role of
    its maker both allow."""

    id: UUID
    name: Annotated[str, example("ERP")]
    prefix: Annotated[str, example("mia_live_1f2e3d4c")]
    scopes: list[Permission]
    created_at: Moment
    expires_at: Moment | None
    last_used_at: Moment | None
    last_used_from: Annotated[str, example("203.0.113.7")] | None
    addresses: list[str]  # from where it may be used; none: from everywhere
    test: bool  # reaches the simulator only
    api_version: Annotated[str, example("2026-11-27")]  # of the contract, in which it is answered unless it names another one
    newest_version: Annotated[str, example("2026-11-27")]  # of the contract, that there is
    rotated_at: Moment | None
    old_valid_until: Moment | None  # until then the secret before the last rotation is valid too
    created_by: Annotated[str, example("Ana Lima")]  # the person whose rights it borrows, also when one of their keys made it
    second_factor_missing: bool  # that person lacks the second step that the company asks for: until then the key may do nothing
    ended_at: Moment | None  # ended with the rights of that person; kept in the list for 30 days
    ended_because: KeyEnd | None


class ApiKeyCreated(Output):
    api_key: ApiKey
    secret: Annotated[str, example("mia_live_1f2e3d4c_kJ8sN2vQ0xYt5LwPz7RbHc3MfGd9TqEuA1iOoXpVnZs")]  # `mia_live_…`, shown once
