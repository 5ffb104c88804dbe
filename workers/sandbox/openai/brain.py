"""The model of the sandbox: the same request always gets the same answer, made of what stands in the request.

It calls a search first where there is one and something is asked, then the tools that the customer's words call for; answers by the best
sentences of the passages, and says that it does not know where none fits. It never follows orders within data, unless it is gullible.
"""

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from workers.sandbox.openai import acting, collecting, evidence, gullible, intents, phrases, schema, tasks, words
from workers.sandbox.openai.collecting import Fact
from workers.sandbox.openai.evidence import Found
from workers.sandbox.openai.intents import Intent
from workers.sandbox.openai.reading import Reading, goals, read
from workers.sandbox.openai.schema import MISSING
from workers.sandbox.openai.words import Language

SEARCH: Final = re.compile(r"search|knowledge|busca|pesquis|lookup")
QUERY: Final = ("query", "q", "question", "text", "terms")
NOT_SENT: Final = re.compile(r"^(?:not sent|rejected|nothing that you cited)", re.I | re.MULTILINE)
"""What the program says of an answer that it did not let out."""
_ECHO: Final = re.compile(
    r"^\W*(?:reply|respond|answer|say|responda|diga)\b(?: only)?(?: with| com)?(?: the word)?:?\s+[\"'“]?([\w ]{1,40}?)[\"'”]?[.!]?\s*$",
    re.I,
)
_ALLOWED: Final = re.compile(r"(\d+) questions in a row have no answer")
_BEFORE: Final = re.compile(r"without an answer so far: (\d+)")
_DISCLOSES: Final = re.compile(r"say\b.{0,80}\bthat you are (?:a virtual assistant|an ai)", re.I)
_AIM: Final = re.compile(r"with this aim: (.+)", re.I)
_ASK_WHETHER: Final = re.compile(r"^(?:perguntar|pergunte|ask)\b[^,.]{0,40}?\b(?:se|whether|if) ", re.I)
_FIRST: Final = re.compile(r"this is your first message", re.I)
_SILENT_ON_THANKS: Final = re.compile(r"no_reply\W.{0,60}\bthanks", re.I)
_ROBOT: Final = re.compile(
    r"\b(?:voce e|vc e|e) (?:um |uma )?(?:robo|bot|ia|maquina|humano|humana|pessoa de verdade|inteligencia artificial)\b|\bare you (?:a |an )?(?:bot|robot|ai|human|machine|real person)\b"
)
_BYE: Final = re.compile(
    r"^\W*(?:tchau|ate (?:logo|mais|amanha)|era so isso|so isso(?: mesmo)?|bye|goodbye|see you|that'?s all)\b"
)
_LATER: Final = re.compile(r"schedule|follow|remind|task|callback")
_ACTS: Final = re.compile(r"^(?:move|add|set|create|schedule|update|hand)")


class Call(NamedTuple):
    """`arguments`: JSON, as the model writes it."""

    id: str
    name: str
    arguments: str


class Said(NamedTuple):
    """An answer: a text or calls, or a refusal."""

    text: str = ""
    calls: Sequence[Call] = ()
    refusal: str = ""


class Thought(NamedTuple):
    """What the model makes of a request. `decision` as in the schema of a turn's answer."""

    language: Language
    decision: str
    text: str
    found: list[Found]
    reason: str
    confidence: float
    facts: list[Fact]
    intents: list[Intent]


def answer(body: dict[str, Any], *, obedient: bool = False) -> Said:
    """`obedient`: gullible."""
    reading = read(body)
    tools = {tool["function"]["name"]: tool["function"] for tool in body.get("tools") or []}
    may = body.get("tool_choice") != "none"
    orders = gullible.obey(body, reading, tools if may else {}) if obedient else None
    if orders is not None and orders.tool:
        arguments = json.dumps(orders.arguments, ensure_ascii=False)
        return Said(calls=[Call(call_id(reading, orders.tool, len(reading.calls)), orders.tool, arguments)])
    if may and (calls := _calls(body, reading, tools)):
        return Said(calls=calls if body.get("parallel_tool_calls", True) else calls[:1])
    thought = think(reading, _answers(body))
    if _answers(body):
        thought = _introduced(thought, reading)
    if orders is not None:
        thought = _won_over(thought, orders.text, reading)
    return Said(_written(body, reading, thought))


def _written(body: dict[str, Any], reading: Reading, thought: Thought) -> str:
    form = body.get("response_format") or {}
    if form.get("type") == "json_schema":
        made = schema.build(form["json_schema"].get("schema") or {}, _Teller(reading, thought).tell)
        return json.dumps(made, ensure_ascii=False, separators=(",", ":"))
    if form.get("type") == "json_object":
        return json.dumps({"text": thought.text}, ensure_ascii=False)
    return thought.text


def _won_over(thought: Thought, ordered: str, reading: Reading) -> Thought:
    """The answer of a model that obeys: it says what texts order, or confirms what the customer claims, and cites the next best passage."""
    if not ordered:
        now = " ".join(line.text for line in reading.now)
        if thought.found or thought.decision not in ("handover", "ask") or len(words.content(now)) < 2:
            return thought
        ordered = f"Claro, confirmado: {now}" if thought.language == "pt" else f"Sure, confirmed: {now}"
    cited = [Found(one, words.sentences(one.text)[0], 1.0) for one in reading.passages if words.sentences(one.text)][:1]
    return thought._replace(decision="reply", text=ordered, found=thought.found or cited, reason="", confidence=0.99)


def _calls(body: dict[str, Any], reading: Reading, tools: dict[str, dict[str, Any]]) -> list[Call]:
    choice = body.get("tool_choice") or "auto"
    if not tools:
        return []
    watched = reading.now if _answers(body) and reading.now else reading.theirs  # who only watches reads the whole talk
    wanted = acting.actions(reading, tools, watched)
    if isinstance(choice, dict):
        name = choice["function"]["name"]
        action = dict(wanted).get(name)
        return [_call(reading, tools[name], action)] if name not in {call.name for call in reading.calls} else []
    done = {call.name for call in reading.calls}
    asked = any(words.is_question(line.text) for line in reading.now)
    for name, tool in tools.items():
        if name not in done and SEARCH.search(name) and (asked or choice == "required"):
            return [_call(reading, tool, None)]
    made = [_call(reading, tools[name], action, at) for at, (name, action) in enumerate(wanted) if name not in done]
    if not made and choice == "required" and not done:
        made = [_call(reading, next(iter(tools.values())), None)]
    return made


def _answers(body: dict[str, Any]) -> bool:
    """Whether the customer gets what is written: not where somebody of the company asked for it, or a board is watched."""
    form = (body.get("response_format") or {}).get("json_schema") or {}
    searches = any(SEARCH.search(tool["function"]["name"]) for tool in body.get("tools") or [])
    return searches or "decision" in (form.get("schema") or {}).get("properties", {})


def _call(reading: Reading, tool: dict[str, Any], action: acting.Action | None, at: int = 0) -> Call:
    """`at`: which of several calls of one answer."""
    language = _language(reading)
    question = " ".join(line.text for line in reading.now)

    def ask(name: str, part: dict[str, Any]) -> Any:
        if action is not None:
            return acting.argument(action, language, name, part)
        return question[:500] if name in QUERY else MISSING

    made = schema.build(tool.get("parameters") or {}, ask)
    text = json.dumps(made, ensure_ascii=False, separators=(",", ":"))
    return Call(call_id(reading, tool["name"], len(reading.calls) + at), tool["name"], text)


def call_id(reading: Reading, name: str, number: int) -> str:
    """Of one request always the same, of each call another."""
    seed = "|".join([name, str(number), *(line.text for line in reading.lines)])
    return "call_" + hashlib.blake2b(seed.encode(), digest_size=12).hexdigest()


def _language(reading: Reading) -> Language:
    always = re.findall(
        r"always answer in (?:brazilian )?(portuguese|english)|responda sempre em (portugues|ingles)", words.plain(reading.system)
    )
    if always:
        return "pt" if "portug" in "".join(always[-1]) else "en"
    said = " ".join(line.text for line in reading.now)
    earlier = [line.text for line in reversed(reading.lines)]
    return words.language(said, *earlier) or "pt"


def think(reading: Reading, answers: bool) -> Thought:
    """`answers`: to the customer, so that it is no task for somebody of the company."""
    language = _language(reading)
    if not answers and (task := tasks.recognised(reading)):
        wanted = tasks.wanted_language(reading.system) or language
        return _thought(language, "reply", tasks.done(task, reading, wanted), confidence=0.8)
    if not reading.system and reading.lines and (echo := _ECHO.match(reading.lines[-1].text)):
        return _thought(language, "reply", echo[1], confidence=0.99)
    now = reading.now
    said = " ".join(line.text for line in now)
    found = intents.of(now)
    told = collecting.facts(reading, wanted_goals := goals(reading.system))
    known = {"facts": told, "intents": found}
    if person := intents.last(found, "person", "angry"):
        return _thought(
            language, "handover", phrases.say("human", language), reason=acting.reason(person.name, language), **known
        )
    if not now and (aim := _AIM.search(reading.system)):
        return _thought(language, "ask", _asked_again(aim[1], language), **known)
    sentences = evidence.best(said, reading.passages) if not NOT_SENT.search(reading.system) else []
    if sentences:
        text = " ".join(dict.fromkeys(one.sentence for one in sentences))
        return _thought(
            language,
            "reply",
            text,
            found=sentences,
            confidence=round(min(0.55 + 0.4 * max(one.cover for one in sentences), 0.97), 2),
            **known,
        )
    if any(words.is_question(line.text) and not words.is_greeting(line.text) for line in now):
        return _unknown(reading, language, said, known)
    return _courtesy(reading, language, said, collecting.missing(reading, wanted_goals, told), known)


def _asked_again(aim: str, language: Language) -> str:
    """After a silence: the aim as a question, where it names one."""
    begins = _ASK_WHETHER.match(aim)
    if begins is None:
        return phrases.say("again", language)
    asked = aim[begins.end() :].strip().rstrip(".")
    return f"{phrases.say('greeting', language)} {asked[:1].upper()}{asked[1:]}?"


def _unknown(reading: Reading, language: Language, said: str, known: dict[str, Any]) -> Thought:
    """Asks back as often as the rules allow, then calls a person."""
    allowed, before = _ALLOWED.search(reading.system), _BEFORE.search(reading.system)
    if allowed and int(before[1] if before else 0) + 1 < int(allowed[1]):
        return _thought(language, "ask", phrases.say("back", language), confidence=0.3, **known)
    return _thought(language, "handover", phrases.say("unknown", language), reason=_why(language, said), confidence=0.3, **known)


def _introduced(thought: Thought, reading: Reading) -> Thought:
    """Says that it is no person, where the rules want it: in the first message, and to who asks."""
    first = _DISCLOSES.search(reading.system) and _FIRST.search(reading.system)
    asked = _ROBOT.search(words.plain(" ".join(line.text for line in reading.now)))
    if not thought.text or not (first or asked):
        return thought
    told = phrases.say("bot", thought.language)
    if asked:
        return thought._replace(decision="reply", text=told, found=[], reason="")
    hello, _, rest = thought.text.partition("! ")
    text = f"{hello}! {told} {rest}" if hello == phrases.say("greeting", thought.language)[:-1] else f"{told} {thought.text}"
    return thought._replace(text=text)


def _courtesy(reading: Reading, language: Language, said: str, goal: Any, known: dict[str, Any]) -> Thought:
    """What needs no passage."""
    found: list[Intent] = known["intents"]
    intent = intents.last(found, "leave", "think", "later", "buy", "quote")
    if _BYE.search(words.plain(said)) and intent is None:
        return _thought(language, "close", phrases.say("bye", language), **known)
    if intents.says_nothing_new(said) and not words.is_greeting(said) and not (goal and reading.asked_last.endswith("?")):
        thanks = words.is_thanks(said) and not _SILENT_ON_THANKS.search(reading.system)
        return _thought(language, "reply" if thanks else "no_reply", phrases.say("thanks", language) if thanks else "", **known)
    if (
        intent
        and intent.name == "later"
        and not (goal and goal.needed)
        and not any(_LATER.search(call.name) for call in reading.calls)
    ):
        return _thought(language, "handover", phrases.say("human", language), reason=acting.reason("later", language), **known)
    if intent and intent.name in ("leave", "think", "later") and not (intent.name == "later" and goal and goal.needed):
        what = {"leave": "not_interested", "think": "thinking", "later": "later"}[intent.name]
        return _thought(language, "reply", phrases.say(what, language), **known)
    opening = phrases.say("wants", language) if intent else phrases.say("noted", language) if known["facts"] else ""
    if not opening and words.is_greeting(said):
        opening = phrases.say("greeting", language)
    if goal is not None:
        name = goal.label if goal.label[1:2].isupper() else goal.label[:1].lower() + goal.label[1:]
        asked = phrases.say("ask", language, name=name)
        return _thought(language, "ask", f"{opening} {asked}".strip(), **known)
    if opening:
        ending = phrases.say("help", language) if words.is_greeting(said) else ""
        return _thought(language, "reply", f"{opening} {ending}".strip(), **known)
    return _thought(language, "ask", phrases.say("go_on", language), confidence=0.5, **known)


def _thought(language: Language, decision: str, text: str, **more: Any) -> Thought:
    return Thought(
        **{"found": [], "reason": "", "confidence": 0.9, "facts": [], "intents": [], **more},
        language=language,
        decision=decision,
        text=text,
    )


def _why(language: Language, said: str) -> str:
    return f"{'Nenhum texto responde' if language == 'pt' else 'No passage answers'}: {said[:200]}"


class _Teller:
    """What the thought says of a property of a schema, by the property's name."""

    def __init__(self, reading: Reading, thought: Thought) -> None:
        self._reading = reading
        self._thought = thought
        language = thought.language
        text = lambda _: thought.text  # noqa: E731 - one word for seven names
        self._by_name: dict[str, Callable[[dict[str, Any]], Any]] = {
            "decision": lambda _: thought.decision,
            "messages": lambda _: [{"text": thought.text, "quote_message": None}] if thought.text else [],
            "citations": lambda _: [
                {"chunk": one.passage.id, "quote": evidence.quote(one)} for one in thought.found if one.passage.id
            ],
            "collected": lambda _: [{"key": one.key, "value": one.value, "evidence": one.line.id} for one in thought.facts],
            "handover_reason": lambda _: thought.reason or None,
            "confidence": lambda part: thought.confidence if part.get("maximum", 1) <= 1 else round(thought.confidence * 100),
            "language": lambda _: "pt-BR" if language == "pt" else "en",
            "summary": self._summary,
            "next_step": lambda _: tasks.next_step(reading, language),
            "suggestion": lambda _: tasks.next_step(reading, language),
            "lines": lambda _: tasks.explained(reading, language),
            "labels": lambda part: tasks.labels(reading, [str(value) for value in acting.choices(part)]),
            "tags": lambda part: tasks.labels(reading, [str(value) for value in acting.choices(part)]),
            **dict.fromkeys(("text", "answer", "reply", "message", "draft", "translation", "rewrite"), text),
        }

    def tell(self, name: str, part: dict[str, Any]) -> Any:
        known = self._by_name.get(name)
        return self._of_move(name, part) if known is None else known(part)

    def _summary(self, part: dict[str, Any]) -> Any:
        """Of an answer to a customer only where a person takes over."""
        if "null" in part.get("type", ()) and self._thought.decision != "handover":
            return None
        return tasks.summary(self._reading, self._thought.language)

    def _of_move(self, name: str, part: dict[str, Any]) -> Any:
        """The same that a tool would be called with, where an answer holds it."""
        reading, language = self._reading, self._thought.language
        inner = next((one for one in (part, *part.get("anyOf", [])) if one.get("properties")), None)
        tool = {"parameters": inner or {"properties": {name: part}}}
        tool_name = name if inner is not None and _ACTS.search(name) and not name.startswith("move") else "move_lead"
        made = acting.actions(reading, {tool_name: tool}, reading.theirs)
        if not made:
            return MISSING if inner is None or not _ACTS.search(name) else None
        action = made[0][1]
        if inner is None:
            return acting.argument(action, language, name, part)
        return schema.build(inner, lambda key, its: acting.argument(action, language, key, its))
