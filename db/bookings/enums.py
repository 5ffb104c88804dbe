"""Closed lists of names of bookings: pure data for database, API and screens."""

from enum import StrEnum


class AppointmentState(StrEnum):
    BOOKED = "booked"
    CANCELLED = "cancelled"
