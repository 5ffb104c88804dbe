"""Codes of an authenticator app, by the vectors of RFC 6238."""

import base64

import pytest

from db.accounts import totp

SECRET = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    """Appendix B; the last six of its eight digits."""
    assert totp.code_of(SECRET, seconds // totp.STEP) == code
    assert totp.step_of(SECRET, code, seconds, 0) == seconds // totp.STEP


def test_a_clock_may_be_one_step_wrong_and_a_step_counts_once() -> None:
    at, step = 2_000_000_010, 2_000_000_010 // totp.STEP
    for near in (-1, 0, 1):
        assert totp.step_of(SECRET, totp.code_of(SECRET, step + near), at, 0) == step + near
    for far in (-2, 2):
        assert totp.step_of(SECRET, totp.code_of(SECRET, step + far), at, 0) is None
    assert totp.step_of(SECRET, totp.code_of(SECRET, step), at, step) is None
    assert totp.step_of(SECRET, totp.code_of(SECRET, step - 1), at, step) is None
    assert totp.step_of(SECRET, "é12345", at, 0) is None


def test_the_address_names_us_and_the_person() -> None:
    assert totp.address("ABC", "ana+1@loja.com") == "otpauth://totp/Master%20IA%3Aana%2B1@loja.com?secret=ABC&issuer=Master%20IA"
    assert len(totp.new_secret()) == 32
