#!/bin/sh
# The two roles of the programs, with their password; the migrations give them their rights. Runs once, when the database is made.
set -e
psql -v ON_ERROR_STOP=1 -v password="$APP_PASSWORD" -U "$POSTGRES_USER" -d "$POSTGRES_DB" <<'SQL'
create role masteria_app login password :'password';
create role masteria_system login password :'password';
SQL
