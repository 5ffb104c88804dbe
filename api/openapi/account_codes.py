"""What the operations of accounts refuse for reasons of their own: `codes.py` has the others."""

from db.accounts.errors import AccountError
from db.errors import ErrorCode, RequestError

ACCOUNTS: dict[str, tuple[ErrorCode, ...]] = {
    "api_keys_create": (
        AccountError.NO_COMPANY,
        AccountError.SCOPE_TOO_WIDE,
        AccountError.TOO_MANY_KEYS,
    ),
    "api_keys_rotate": (AccountError.NO_COMPANY, AccountError.SCOPE_TOO_WIDE),
    "auth_invitations_accept": (
        AccountError.ALREADY_MEMBER,
        AccountError.BAD_CREDENTIALS,
        AccountError.EMAIL_TAKEN,
        AccountError.SECOND_FACTOR_NEEDED,
        AccountError.SECOND_FACTOR_WRONG,
        AccountError.TOO_MANY_ATTEMPTS,
    ),
    "auth_providers_complete": (
        AccountError.ALREADY_MEMBER,
        AccountError.BAD_CREDENTIALS,
        AccountError.EMAIL_TAKEN,
        AccountError.IDENTITY_TAKEN,
        AccountError.INVITED_OTHER,
        AccountError.NO_COMPANY,
        AccountError.SECOND_FACTOR_NEEDED,
        AccountError.SECOND_FACTOR_WRONG,
        AccountError.SIGN_IN_REFUSED,
        AccountError.TOO_MANY_ATTEMPTS,
    ),
    "auth_providers_look": (AccountError.SIGN_IN_REFUSED,),
    "auth_providers_return": (
        AccountError.PROVIDER_AWAY,
        AccountError.SIGN_IN_REFUSED,
    ),
    "auth_providers_start": (AccountError.PROVIDER_AWAY,),
    "auth_reset_password": (
        AccountError.LINK_EXPIRED,
        AccountError.NO_COMPANY,
        AccountError.SECOND_FACTOR_NEEDED,
        AccountError.SECOND_FACTOR_WRONG,
        AccountError.TOO_MANY_ATTEMPTS,
    ),
    "auth_sign_in": (
        AccountError.BAD_CREDENTIALS,
        AccountError.NO_COMPANY,
        AccountError.SECOND_FACTOR_NEEDED,
        AccountError.SECOND_FACTOR_WRONG,
        AccountError.TOO_MANY_ATTEMPTS,
    ),
    "auth_sign_out": (AccountError.PEOPLE_ONLY,),
    "auth_sign_up": (AccountError.EMAIL_TAKEN,),
    "auth_switch_company": (
        AccountError.PEOPLE_ONLY,
        RequestError.NOT_FOUND,
    ),
    "auth_verify_email": (AccountError.LINK_EXPIRED,),
    "company_second_factor_set": (
        AccountError.OWNER_ONLY,
        AccountError.PEOPLE_ONLY,
        AccountError.SECOND_FACTOR_OFF,
    ),
    "me_identities_create": (
        AccountError.PEOPLE_ONLY,
        AccountError.PROVIDER_AWAY,
        AccountError.SIGN_IN_AGAIN,
        AccountError.TOO_MANY_ATTEMPTS,
        AccountError.WRONG_PASSWORD,
        RequestError.NOT_FOUND,
    ),
    "me_identities_delete": (
        AccountError.LAST_WAY_IN,
        AccountError.PEOPLE_ONLY,
    ),
    "me_identities_list": (AccountError.PEOPLE_ONLY,),
    "me_password": (
        AccountError.PEOPLE_ONLY,
        AccountError.TOO_MANY_ATTEMPTS,
        AccountError.WRONG_PASSWORD,
    ),
    "me_second_factor_confirm": (
        AccountError.PEOPLE_ONLY,
        AccountError.SECOND_FACTOR_ON,
        AccountError.TOO_MANY_ATTEMPTS,
        AccountError.WRONG_CODE,
    ),
    "me_second_factor_create": (
        AccountError.PEOPLE_ONLY,
        AccountError.SECOND_FACTOR_ON,
        AccountError.SIGN_IN_AGAIN,
        AccountError.TOO_MANY_ATTEMPTS,
        AccountError.WRONG_PASSWORD,
    ),
    "me_second_factor_get": (AccountError.PEOPLE_ONLY,),
    "me_second_factor_recovery_codes": (
        AccountError.PEOPLE_ONLY,
        AccountError.SECOND_FACTOR_OFF,
        AccountError.TOO_MANY_ATTEMPTS,
        AccountError.WRONG_CODE,
    ),
    "me_second_factor_turn_off": (
        AccountError.PEOPLE_ONLY,
        AccountError.SECOND_FACTOR_OFF,
        AccountError.TOO_MANY_ATTEMPTS,
        AccountError.WRONG_CODE,
    ),
    "me_sessions_clear": (AccountError.PEOPLE_ONLY,),
    "me_sessions_delete": (AccountError.PEOPLE_ONLY,),
    "me_sessions_list": (AccountError.PEOPLE_ONLY,),
    "me_update": (AccountError.PEOPLE_ONLY,),
    "me_verify_email": (
        AccountError.PEOPLE_ONLY,
        AccountError.TOO_MANY_MAILS,
    ),
    "team_delete": (
        AccountError.LAST_OWNER,
        AccountError.OWNER_ONLY,
    ),
    "team_invitations_create": (
        AccountError.ALREADY_MEMBER,
        AccountError.NO_COMPANY,
        AccountError.OWNER_ONLY,
        AccountError.PEOPLE_ONLY,
        AccountError.TOO_MANY_INVITATIONS,
    ),
    "team_invitations_delete": (AccountError.OWNER_ONLY,),
    "team_update": (
        AccountError.LAST_OWNER,
        AccountError.OWNER_ONLY,
        AccountError.OWN_ROLE,
    ),
}
