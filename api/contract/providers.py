"""Signing in by an account elsewhere."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta

from api.contract.accounts import Device, Name, TimeZone
from api.contract.base import Email, Input, Output, example
from api.contract.second_factor import Code
from db.accounts.enums import Language, SignInStep
from db.contacts.filter import Moment

Flow = Annotated[str, Meta(min_length=43, max_length=43, examples=["4fQ1ZrXw0H3yq8mJkT6vB9sLdE2aUcPnRgVoYiWtKxM"])]
"""The secret of one sign-in on its way. Keep it in the one browser that it belongs to (an HttpOnly cookie), for ten minutes."""


class SignInProvider(Output):
    """GET /v1/auth/providers → Page[SignInProvider]: what this installation has."""

    id: Annotated[str, example("google")]
    label: Annotated[str, example("Google")]


class ProviderStart(Input):
    """POST /v1/auth/providers/{provider_id}/start → ProviderStarted."""

    invitation: Annotated[str, Meta(max_length=43, examples=["0Zb3kJ8sN2vQ0xYt5LwPz7RbHc3MfGd9TqEuA1iOoXp"])] | None = None


class ProviderStarted(Output):
    address: Annotated[str, example("https://accounts.google.com/o/oauth2/v2/auth?client_id=…&state=…")]  # where the browser goes
    flow: Annotated[str, example("4fQ1ZrXw0H3yq8mJkT6vB9sLdE2aUcPnRgVoYiWtKxM")]


class ProviderReturn(Input):
    """POST /v1/auth/providers/return → ProviderNext: what the provider sent the browser back with."""

    flow: Flow
    state: Annotated[str, Meta(max_length=200, examples=["7aB969NtuXwLzB_0mGbEE9pcWvwo5Bnw-4W7qO1xp4c"])] = ""
    code: Annotated[str, Meta(max_length=4000, examples=["4/0AbCd"])] | None = None
    error: Annotated[str, Meta(max_length=200, examples=["access_denied"])] | None = None
    iss: Annotated[str, Meta(max_length=500, examples=["https://accounts.google.com"])] | None = None


class ProviderLook(Input):
    """POST /v1/auth/providers/look → ProviderNext."""

    flow: Flow


class ProviderNext(Output):
    step: SignInStep
    provider: Annotated[str, example("google")]
    email: Annotated[str, example("ana@lojaaurora.com.br")] | None  # Facebook may have none
    name: Annotated[str, example("Ana Lima")] | None
    company: Annotated[str, example("Loja Aurora")] | None  # who invites


class ProviderComplete(Input):
    """POST /v1/auth/providers/complete → SignedIn. Send what the step needs, and `code` once it is asked for."""

    flow: Flow
    password: Annotated[str, Meta(examples=["cavalo-azul-42"], max_length=200)] | None = None
    code: Code | None = None
    trust_device: bool = False
    device: Device | None = None
    company_name: Annotated[Name, example("Loja Aurora")] | None = None
    name: Annotated[Name, example("Ana Lima")] | None = None
    email: Email | None = None  # where the provider gave none
    language: Language = Language.PT_BR
    time_zone: TimeZone = "America/Sao_Paulo"


class LinkedIdentity(Output):
    """GET /v1/me/identities → Page[LinkedIdentity]; DELETE /v1/me/identities/{id} takes it off."""

    id: UUID
    provider: Annotated[str, example("google")]
    email: Annotated[str, example("ana@gmail.com")] | None
    created_at: Moment
    last_used_at: Moment


class IdentityStart(Input):
    """POST /v1/me/identities → ProviderStarted: links an account elsewhere to the person who asks."""

    provider_id: Annotated[str, Meta(max_length=40, examples=["google"])]
    password: Annotated[str, Meta(examples=["cavalo-azul-42"], max_length=200)] | None = None  # of who has one
