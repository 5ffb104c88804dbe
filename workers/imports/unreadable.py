"""The one error of reading a file, with the sentence that a person gets to see."""

_SENTENCES = {
    "empty": "The file is empty.",
    "old_excel": "This is the old Excel format (.xls). Save it as .xlsx or CSV and send it again.",
    "encrypted": "The file is protected by a password. Save it without a password and send it again.",
    "binary_excel": "This is the binary Excel format (.xlsb). Save it as .xlsx or CSV and send it again.",
    "open_document": "This is an OpenDocument sheet (.ods). Save it as .xlsx or CSV and send it again.",
    "web_page": "This is a web page with the name of a spreadsheet. Open it in Excel and save it as .xlsx.",
    "json": "This is a JSON file. Send a spreadsheet (.xlsx) or a CSV file.",
    "not_a_spreadsheet": "This is not a spreadsheet. Send an .xlsx or a CSV file.",
    "damaged": "The file is damaged and cannot be read. Save it again and send the new one.",
    "too_big": "The file is too big once unpacked. Split it into smaller files.",
    "too_many_rows": "The file has too many rows. Split it into smaller files.",
    "too_many_columns": "The file has too many columns. Keep only those that you need.",
    "cell_too_long": "A cell holds more text than a cell can hold. Shorten it and send the file again.",
    "row_too_long": "A row holds too much text, or its line end is missing. Save the file again as CSV or .xlsx.",
    "too_slow": "Reading this file takes too long. Split it into smaller files, or save it as CSV.",
    "quote_not_closed": 'A quote (") opens in or before this row and is never closed.',
    "file_gone": "The file is no longer there. Send it again.",
    "changed": "The file is not the one that was looked at first. Send it again.",
}


class UnreadableFile(Exception):
    """`code` is stable and for programs, `sentence` for people (an English message id), `row` where it went wrong."""

    def __init__(self, code: str, row: int | None = None) -> None:
        super().__init__(code, row)
        self.code = code
        self.sentence = _SENTENCES[code]
        self.row = row
