"""The second step of signing in."""

from typing import Annotated

from msgspec import Meta

from api.contract.base import Input, Output, example
from db.contacts.filter import Moment

Code = Annotated[str, Meta(min_length=6, max_length=40, examples=["492039"])]
"""Six digits of the app, or a recovery code; spaces and hyphens do not count."""


class SecondFactor(Output):
    """GET /v1/me/second-factor: whether sign-in asks the person for codes."""

    since: Moment | None  # null: the password is enough
    recovery_codes: Annotated[int, example(9)]  # that are left
    password: bool  # the person has one; without it a session of the last ten minutes shows who it is
    required: bool  # by the company; without it nothing else can be done there


class SecondFactorStart(Input):
    """POST /v1/me/second-factor → SecondFactorStarted."""

    password: Annotated[str, Meta(examples=["cavalo-azul-42"], max_length=200)] | None = None  # of who has one


class SecondFactorStarted(Output):
    secret: Annotated[str, example("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")]  # base32, for who cannot scan; shown once
    address: Annotated[
        str,
        example("otpauth://totp/Master%20IA%3Aana@lojaaurora.com.br?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Master%20IA"),
    ]  # what a QR code for the app says


class SecondFactorCode(Input):
    """POST /v1/me/second-factor/confirm, /recovery-codes → RecoveryCodes; /turn-off → Done."""

    code: Code


class RecoveryCodes(Output):
    codes: Annotated[
        list[str], example(["JBSW-Y3DP-EHPK-3PXP", "KRSX-G5CT-MVRX-EZLU"])
    ]  # each works once, in place of a code; shown once


class SecondFactorRule(Input):
    """PUT /v1/company/second-factor → Company."""

    required: bool
