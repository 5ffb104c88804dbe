"""The account tables as Piccolo sees them."""

from piccolo.columns import UUID, Array, Boolean, Bytea, Text, Timestamptz
from piccolo.table import Table

from db.engine import DB


class Company(Table, db=DB, tablename="company"):
    id = UUID(primary_key=True)
    name = Text()
    language = Text()
    time_zone = Text()
    country = Text()
    demo = Boolean()
    created_at = Timestamptz()


class AccountUser(Table, db=DB, tablename="account_user"):
    id = UUID(primary_key=True)
    email = Text(unique=True)
    name = Text()
    password_hash = Text(secret=True)
    language = Text()
    created_at = Timestamptz()
    email_verified_at = Timestamptz(null=True)


class Membership(Table, db=DB, tablename="membership"):
    company_id = UUID()
    user_id = UUID(primary_key=True)
    role = Text()
    created_at = Timestamptz()


class Session(Table, db=DB, tablename="session"):
    id = UUID(primary_key=True)
    company_id = UUID()
    token_hash = Bytea(unique=True, secret=True)
    user_id = UUID()
    ip = Text(null=True)
    user_agent = Text(null=True)
    created_at = Timestamptz()
    last_seen_at = Timestamptz()
    expires_at = Timestamptz()
    revoked_at = Timestamptz(null=True)


class Invitation(Table, db=DB, tablename="invitation"):
    id = UUID(primary_key=True)
    company_id = UUID()
    email = Text()
    role = Text()
    token_hash = Bytea(unique=True, secret=True)
    invited_by = UUID()
    created_at = Timestamptz()
    expires_at = Timestamptz()
    accepted_at = Timestamptz(null=True)
    revoked_at = Timestamptz(null=True)


class PasswordReset(Table, db=DB, tablename="password_reset"):
    id = UUID(primary_key=True)
    user_id = UUID()
    token_hash = Bytea(unique=True, secret=True)
    created_at = Timestamptz()
    expires_at = Timestamptz()
    used_at = Timestamptz(null=True)


class ApiKey(Table, db=DB, tablename="api_key"):
    id = UUID(primary_key=True)
    company_id = UUID()
    name = Text()
    prefix = Text(unique=True)
    secret_hash = Bytea(secret=True)
    scopes = Array(base_column=Text())
    created_by = UUID(null=True)
    created_at = Timestamptz()
    expires_at = Timestamptz(null=True)
    last_used_at = Timestamptz(null=True)
    revoked_at = Timestamptz(null=True)
    ended_because = Text(null=True)
    created_by_name = Text(null=True)
