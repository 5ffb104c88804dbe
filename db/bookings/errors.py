"""Why a time cannot be booked."""

from db.errors import ErrorCode


class BookingError(ErrorCode):
    NOT_FREE = "not_free", 409, "This time is not free any more. Choose another one."
    BOOKED_ALREADY = "booked_already", 409, "This lead has an appointment already. Move it to another time."
    NO_BOOKINGS = "no_bookings", 409, "This board takes no bookings. Switch them on in its settings."
    APPOINTMENT_OVER = "appointment_over", 409, "This appointment was cancelled, or is over. Book a new one."
