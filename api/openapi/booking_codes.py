"""Codes of problems that operations of appointments answer with (`codes.py`)."""

from db.bookings.errors import BookingError
from db.errors import ErrorCode, RequestError

BOOKINGS: dict[str, tuple[ErrorCode, ...]] = {
    "appointments_cancel": (BookingError.APPOINTMENT_OVER,),
    "appointments_create": (
        BookingError.BOOKED_ALREADY,
        BookingError.NO_BOOKINGS,
        BookingError.NOT_FREE,
        RequestError.NOT_FOUND,
    ),
    "appointments_move": (BookingError.APPOINTMENT_OVER, BookingError.NO_BOOKINGS, BookingError.NOT_FREE),
}
