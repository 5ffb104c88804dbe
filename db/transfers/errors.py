"""Why calls cannot be taken."""

from db.errors import ErrorCode, FieldCode


class TransferError(ErrorCode):
    CALL_GONE = "call_gone", 409, "This call does not ring here any more: a colleague has it, or the person hung up."


class TransferField(FieldCode):
    PHONE = "phone_needed", "Write the number where calls reach you, with + and the country, like +5511987654321."
