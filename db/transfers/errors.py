"""Why calls cannot be taken."""

from db.errors import ErrorCode, FieldCode


class TransferError(ErrorCode):
    CALL_GONE = "call_gone", 409, "This call does not ring here any more: a colleague has it, or the person hung up."


class OrderError(ErrorCode):
    """Why nothing can be asked of a call."""

    CALL_NOT_LIVE = "call_not_live", 409, "Nobody is on the line: the call has not begun, or is over."
    ORDER_NOT_TAKEN = "order_not_taken", 409, "The provider of this channel does not offer that while a call goes on."
    NO_PHONE_TO_TAKE = (
        "no_phone_to_take",
        409,
        "Nobody knows on which phone to reach you. Write your number under Calls, I take calls, and try again.",
    )


class TransferField(FieldCode):
    PHONE = "phone_needed", "Write the number where calls reach you, with + and the country, like +5511987654321."
