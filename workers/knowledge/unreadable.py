"""Why a document is not read."""

from db.knowledge.errors import SourceFailure


class Unreadable(Exception):
    """`params` are what the sentence of the failure names."""

    def __init__(self, failure: SourceFailure, **params: str | int) -> None:
        super().__init__(failure)
        self.failure, self.params = failure, params
