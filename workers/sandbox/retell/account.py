"""A Retell account with one number and one agent, and what the people do whom it calls."""

from typing import Annotated, Any, ClassVar, Literal

import msgspec

from workers.sandbox.accounts import Account, Derived
from workers.sandbox.retell.scripts import Script


class Imported(msgspec.Struct, kw_only=True):
    """A number of a trunk: what it was imported with."""

    termination_uri: str
    username: str = ""
    password: str = ""
    nickname: str = ""
    agent_id: str = ""


class RetellAccount(Account, kw_only=True, tag="retell"):
    """`webhook_url`: of the agent; a call may name another one. Without either nobody is told. `inbound_url`: of the number, asked when somebody calls it. `human_url`: of the tool with which the agent asks for a person, `knowledge_url`: of the one that searches the knowledge; `colleague`: what whoever takes the call does at the phone. `script`: what everybody does who is called, None: what people do, most of
    them talk. `callees`: E.164 number → what this person does. `ring_seconds`, `talk_seconds`, `analysis_seconds`: spans like those of
    the behaviour. `recording_minutes`: how long the address of a recording works. `do_not_call`: E.164 numbers that the account itself
    does not call. `other_agents`: their ids → names. `imported`: by number; the first one is `phone_number` of an account that had none."""

    kind: ClassVar[str] = "retell"

    api_key: str
    phone_number: str
    agent_id: str
    agent_name: str = "Atendente virtual"
    agent_version: int = 1
    other_agents: dict[str, str] = msgspec.field(default_factory=dict)
    webhook_url: str = ""
    inbound_url: str = ""
    human_url: str = ""
    knowledge_url: str = ""
    colleague: Literal["answers", "no_answer"] = "answers"
    script: Script | None = None
    callees: dict[str, Script] = msgspec.field(default_factory=dict)
    imported: dict[str, Imported] = msgspec.field(default_factory=dict)
    do_not_call: list[str] = msgspec.field(default_factory=list)
    tells_words: bool = False  # while one speaks, where a call wants to be told
    concurrency_limit: Annotated[int, msgspec.Meta(ge=0)] = 20
    ring_seconds: tuple[float, float] = (2.0, 15.0)
    talk_seconds: tuple[float, float] = (8.0, 60.0)
    analysis_seconds: tuple[float, float] = (1.0, 8.0)
    recording_minutes: float = 1440.0

    def keys(self) -> dict[str, list[str]]:
        return {"api_key": [self.api_key]}

    @classmethod
    def fresh(cls, derived: Derived, key: str, given: dict[str, Any]) -> dict[str, Any]:
        return {
            "company": "Empresa",
            "api_key": "key_" + derived.hexadecimal("retell", key, "key", 28),
            "phone_number": "+55113" + derived.digits(key, "phone", 7),
            "agent_id": "agent_" + derived.hexadecimal("retell", key, "agent", 28),
            "other_agents": {"agent_" + derived.hexadecimal("retell", key, "other", 28): "Cobrança"},
        }
