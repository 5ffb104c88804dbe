"""Closed lists of names of how the installation is: pure data for database, API and screens."""

from enum import StrEnum


class StatusCheck(StrEnum):
    """What is looked at."""

    DATABASE = "database"  # Postgres answers
    VALKEY = "valkey"
    WORKERS = "workers"  # a worker is alive
    JOBS_WAIT = "jobs_wait"  # how long the oldest due job has waited, of all companies
    WEBHOOKS_WAIT = "webhooks_wait"  # the same of what providers told
    JOBS_GIVEN_UP = "jobs_given_up"  # of this company
    WEBHOOKS_GIVEN_UP = "webhooks_given_up"  # what providers told this company and nobody understood
    CHANNELS = "channels"  # of this company: those that stand still
    HELD = "held"  # messages that wait for a decision
    BACKUP = "backup"  # when the last one was written
    FIGURES = "figures"  # the nightly self-check of this company's figures


class StatusLevel(StrEnum):
    OK = "ok"
    WARN = "warn"
    BAD = "bad"
