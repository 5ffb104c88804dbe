"""Why the accounts refuse: sign-in, team, invitations, keys."""

from db.errors import ErrorCode, FieldCode


class AccountError(ErrorCode):
    BAD_CREDENTIALS = "bad_credentials", 401, "The e-mail or the password is not right."
    SECOND_FACTOR_NEEDED = "second_factor_needed", 401, "Now the code from your authenticator app, or one of your recovery codes."
    SECOND_FACTOR_WRONG = (
        "second_factor_wrong",
        401,
        "This code is not right, or was used before. Wait for the next one of the app and try again.",
    )
    SIGN_IN_REFUSED = "sign_in_refused", 401, "This sign-in did not work, or it took too long. Start again."
    OWNER_ONLY = "owner_only", 403, "Only an owner may do this. Ask an owner of your company."
    OWN_ROLE = "own_role", 403, "A key cannot change the role of the person who made it."
    PEOPLE_ONLY = "people_only", 403, "Only a person who is signed in may do this, not an API key."
    SCOPE_TOO_WIDE = (
        "scope_too_wide",
        403,
        "You can only give permissions that you have yourself: {permission} is not one of them.",
    )
    ABOVE_YOU = (
        "above_you",
        403,
        "Whoever may do more than you is not yours to change: you have no {permission}. Ask somebody who may do as much.",
    )
    NO_COMPANY = "no_company", 403, "You are no longer in any company. Ask for an invitation."
    SIGN_IN_AGAIN = "sign_in_again", 403, "Sign out and in again first, to show that it is you."
    IDENTITY_TAKEN = "identity_taken", 409, "This account elsewhere belongs to another person here."
    LAST_WAY_IN = "last_way_in", 409, "This is your only way in. Set a password first: ask for one at “Forgot it?”."
    INVITED_OTHER = (
        "invitation_other_address",
        409,
        "This invitation is for {email}. Sign in with that address, or with a password.",
    )
    EMAIL_TAKEN = "email_taken", 409, "There is an account with this e-mail already. Sign in with its password."
    LAST_OWNER = "last_owner", 409, "A company needs at least one owner. Make somebody else owner first."
    ALREADY_MEMBER = "already_member", 409, "This person is in the team already."
    ROLE_EXISTS = "role_exists", 409, "Your company has a role with this name already. Choose another name."
    ROLE_IN_USE = "role_in_use", 409, "Still has this role: {people}. Choose the role that they get instead."
    TOO_MANY_ROLES = "too_many_roles", 409, "Your company has {limit} roles of its own, as many as it can have. Delete one first."
    TOO_MANY_KEYS = "too_many_keys", 409, "Your company has {limit} keys, as many as it can have. Revoke one first."
    TOO_MANY_INVITATIONS = "too_many_invitations", 409, "Your company made {limit} invitations today. Go on tomorrow."
    SECOND_FACTOR_ON = "second_factor_on", 409, "Your sign-in asks for codes already. Turn that off first to set up another app."
    SECOND_FACTOR_OFF = "second_factor_off", 409, "Set up the codes of an authenticator app for yourself first."
    LINK_EXPIRED = "link_expired", 422, "This link was used or is too old. Ask for a new one."
    WRONG_PASSWORD = "wrong_password", 422, "The current password is not right."
    WRONG_CODE = "wrong_code", 422, "This code is not right, or was used before. Wait for the next one of the app and try again."
    TOO_MANY_ATTEMPTS = "too_many_attempts", 429, "Too many tries. Wait a few minutes and try again."
    PROVIDER_AWAY = (
        "provider_away",
        503,
        "The service that says who you are does not answer. Try again, or sign in with your password.",
    )
    TOO_MANY_MAILS = "too_many_mails", 429, "We sent you this several times today. Look in the spam folder, too."


class AccountField(FieldCode):
    ADDRESS_IN_NAME = "address_in_name", "Write a name, without web or e-mail addresses."
    WRONG_PASSWORD = "wrong_password", "The current password is not right."
    WRONG_CODE = "wrong_code", "This code is not right, or was used before. Wait for the next one of the app."
    NO_ROLE = "role_unknown", "There is no such role. Choose one of the list."
    TIME_ZONE = "time_zone", "There is no such time zone. Choose one of the list."
