"""What a virtual agent is told in the call of a campaign, from the campaign's frozen script and the raw values of one person. Pure."""

from db.messages.render import CallContent, ScriptContent, TextSender, field_value
from db.messages.variables import first_name

SCRIPT = "script"
"""The variable by which an agent's instructions name the script."""


class ScriptSender:
    """A script parsed once; `call` is called per person. An agent's instructions may name `script`, `name`, `first_name`, `company`, and each field
    that the script uses (`custom.cidade` as `cidade`)."""

    def __init__(self, content: ScriptContent) -> None:
        self._content = content
        self._fields = content.fields
        self._script, self._voicemail = TextSender(content), TextSender(content, content.voicemail)

    def call(self, params: list[str]) -> CallContent:
        values = dict(zip(self._fields, params, strict=False))
        own = {field.rpartition(".")[2]: field_value(field, raw) for field, raw in values.items()}
        name = own.get("name", "")
        told = {"first_name": first_name(name), "company": self._content.company, SCRIPT: self._script.render(params)}
        return CallContent(variables={**own, **told}, voicemail=self._voicemail.render(params).strip(), agent=self._content.agent)


def as_call(content: ScriptContent, params: list[str]) -> CallContent:
    """One person's call."""
    return ScriptSender(content).call(params)
