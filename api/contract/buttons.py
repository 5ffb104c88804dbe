"""Buttons of a message, as previews and phones draw them."""

from typing import Annotated, Literal

from api.contract.base import Output, example


class PreviewButton(Output):
    kind: Literal["quick_reply", "url", "phone", "list", "flow", "catalog"]
    text: Annotated[str, example("Quero ver")]


class MessageRow(Output):
    """One that can be chosen of a list."""

    title: Annotated[str, example("Tamanho M")]
    description: str | None
