"""Why contacts, tags, fields and imports refuse. Reasons for rows of a list are in `reasons.py`."""

from db.errors import ErrorCode, FieldCode


class ContactError(ErrorCode):
    CONTACT_EXISTS = "contact_exists", 409, "Another contact has this phone number or e-mail address already."
    TAG_EXISTS = "tag_exists", 409, "There is a tag of this name already. Take another name."
    TAG_BUSY = "tag_busy", 409, "A tag was changed at the same moment. Try again."
    FIELD_EXISTS = "field_exists", 409, "There is a field with this key already. Take another one."
    FIELD_NAME_TAKEN = "field_name_taken", 409, "There is a field called {label} already. Take another name."
    FIELD_BUSY = "field_busy", 409, "A field with this key is still being deleted. Try again in a minute."
    TOO_MANY_FIELDS = "too_many_fields", 409, "A company can have {most} fields. Delete some first."
    MERGE_UNDONE = "merge_undone", 409, "These two were parted already. Load the contact again."
    SEGMENT_EXISTS = "segment_exists", 409, "There is a segment of this name already. Take another name."
    SEGMENT_IN_USE = (
        "segment_in_use",
        409,
        "Campaigns or sequences still use this segment: {uses}. Give them somebody else, or delete it with `detach`: then they reach nobody.",
    )
    TOO_MANY_SEGMENTS = "too_many_segments", 409, "A company can have {most} segments. Delete some first."
    WORD_KNOWN = (
        "word_known",
        409,
        "Whoever answers “{word}” gets no more messages already, or asks for them again by it. Take another word.",
    )
    TOO_MANY_WORDS = "too_many_words", 409, "A company can have {limit} words of its own. Take some out first."
    NOBODY_CHOSEN = "nobody_chosen", 422, "Choose who is meant first."


class ContactField(FieldCode):
    NOTHING_GIVEN = "nothing_given", "Write a name, a phone number or an e-mail address."
    NO_KEY = "no_key", "Say who is meant: by your own id, a phone number or an e-mail address."
    OF_ANOTHER = "of_another_contact", "Another contact has this already."
    OTHER_ID = "other_external_id", "This contact is known under another id already."
    REPEATED = "repeated", "This contact stands earlier in the same call."
    ERASED = "erased", "This person's data was erased at their request. They come back only by writing to you themselves."
    NOBODY_CHOSEN = "nobody_chosen", "Choose which contacts are meant, or say that all of them are."
    WORD_TOO_SHORT = "word_too_short", "Write at least two letters or digits."
    KEY = "field_key", "A key begins with a small letter and has at most 40 small letters, digits and _."
    UNKNOWN = "field_unknown", "There is no field with this key. Make it first."
    NOT_A_NUMBER = "not_a_number", "Write a number, like 1234.5."
    NOT_A_DATE = "not_a_date", "Write a date, like 2026-01-31 or 31/01/2026."
    NOT_A_BOOLEAN = "not_a_boolean", "Write yes or no."
    NOT_OFFERED = "not_offered", "Choose one of: {choices}."


class SegmentField(FieldCode):
    EMPTY_GROUP = "empty_group", "Put a condition into this group, or take the group out."
    TOO_DEEP = "too_deep", "Groups stand {most} deep at most. Move this one outward."
    TOO_LONG = "too_many_conditions", "A segment has {most} conditions and groups at most. Take some out."
    UNKNOWN_FIELD = "segment_field_unknown", "There is no field like this any more. Choose another one."
    GONE = "segment_part_gone", "What this condition names is no longer there. Choose something else."
    NO_VALUE = "no_value", "Write what to compare with."
    NOT_DAYS_AHEAD = "not_days_ahead", "Write a number of days from 1 to {most}."


class ContactImportError(ErrorCode):
    IMPORT_NOT_READY = "import_not_ready", 409, "This list is still being looked at, or was started already. Load it again."
    IMPORT_NOT_OVER = "import_not_over", 409, "This import is not over yet. Wait for its end, or stop it first."
    FILE_NOT_KEPT = "file_not_kept", 409, "The file is kept for a day after the import and is gone now. Send it again."
    IMPORT_UNDONE = "import_undone", 409, "This import was undone. Import the list again."
    UNDO_TOO_LATE = (
        "undo_too_late",
        409,
        "This import can no longer be undone: what was there before is kept for {days} days only.",
    )
    NO_ROOM_FOR_FILE = (
        "no_room_for_file",
        413,
        "The lists that wait to be imported are larger than {most_mb} MB together. Start or discard one of them first.",
    )
    FILE_EMPTY = "file_empty", 422, "The file is empty. Choose one with rows in it."
    NOT_A_SPREADSHEET = (
        "not_a_spreadsheet",
        422,
        "This is no list of contacts. Open it where it comes from and save it as Excel (.xlsx), CSV or vCard (.vcf).",
    )
    MAPPING_INVALID = "mapping_invalid", 422, "The columns do not fit together. Correct what is marked."
    TOO_MANY_OPEN_IMPORTS = "too_many_open_imports", 429, "{most} lists wait to be imported. Start or discard one of them first."
    TOO_MANY_UPLOADS = (
        "too_many_uploads",
        429,
        "Your company has sent {most} lists, as many as it can in a day. Try again tomorrow.",
    )


class ContactImportField(FieldCode):
    FILE_EMPTY = "file_empty", "The file is empty. Choose one with rows in it."
    NOT_A_SPREADSHEET = (
        "not_a_spreadsheet",
        "This is no list of contacts. Open it where it comes from and save it as Excel (.xlsx), CSV or vCard (.vcf).",
    )
    COLUMN_UNKNOWN = "column_unknown", "The file has no such column, or it was named twice."
    TARGET_TWICE = "target_twice", "Two columns are meant for the same field. Choose one of them."
    NO_BOARD = "no_board", "This says something of a lead. Choose the board for the leads."
    FIELD_KEY_MISSING = "field_key_missing", "Say which field this column fills."
    NO_CHOICES = "no_choices", "A field of choices says what it offers. Make it under Contacts, Fields first."
    NO_ADDRESS_COLUMN = "no_address_column", "Say which column holds the phone numbers or the e-mail addresses."
