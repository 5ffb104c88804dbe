"""The one error of reading a file."""

from db.contacts.reasons import FileProblem


class UnreadableFile(Exception):
    """The file is to blame; `row` is where it went wrong."""

    def __init__(self, code: FileProblem, row: int | None = None) -> None:
        super().__init__(code, row)
        self.code = code
        self.row = row
