"""Reads chat completions, whole and streamed. Nothing that a server writes is taken for granted: what does not fit is `Malformed`."""

import msgspec

from db import storable
from workers.llm.chat import ToolCall
from workers.llm.outcomes import Answered, Called, CutOff, Filtered, Malformed, Outcome, Refused, Usage

_LONGEST = 200_000  # characters of one answer


class _Function(msgspec.Struct, frozen=True):
    name: str | None = None
    arguments: str | None = None


class _Call(msgspec.Struct, frozen=True):
    index: int | None = None
    id: str | None = None
    function: _Function | None = None


class _Delta(msgspec.Struct, frozen=True):
    """A message, or a piece of one."""

    content: str | None = None
    refusal: str | None = None
    tool_calls: list[_Call] | None = None


class _Choice(msgspec.Struct, frozen=True):
    message: _Delta | None = None
    delta: _Delta | None = None
    finish_reason: str | None = None


class _Input(msgspec.Struct, frozen=True):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class _Output(msgspec.Struct, frozen=True):
    reasoning_tokens: int | None = None


class _Usage(msgspec.Struct, frozen=True):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _Input | None = None
    completion_tokens_details: _Output | None = None


class Completion(msgspec.Struct, frozen=True):
    """One answer, or one chunk of a stream."""

    model: str | None = None
    choices: list[_Choice] | None = None
    usage: _Usage | None = None


_decoder = msgspec.json.Decoder(Completion, strict=False)


def usage_of(completion: Completion) -> Usage | None:
    """None when the server does not say. Impossible figures are brought into their bounds."""
    told = completion.usage
    if told is None or told.prompt_tokens is None:
        return None
    read, written = told.prompt_tokens_details or _Input(), told.completion_tokens_details or _Output()
    total, output = _bounded(told.prompt_tokens), _bounded(told.completion_tokens)
    cached = min(_bounded(read.cached_tokens), total)
    return Usage(
        total,
        cached,
        min(_bounded(read.cache_write_tokens), total - cached),
        output,
        min(_bounded(written.reasoning_tokens), output),
    )


def _bounded(tokens: int | None) -> int:
    return min(max(tokens or 0, 0), 100_000_000)


class Reader:
    """Joins what a server sends to one outcome: `add` each chunk of a stream, or the whole answer once."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._refusal: list[str] = []
        self._calls: dict[int, list[str]] = {}
        self._reason: str | None = None
        self._model = ""
        self.usage: Usage | None = None
        self._size = 0
        self._begun = self._streamed = False

    @property
    def text(self) -> str:
        """What came so far."""
        return storable.text("".join(self._text), _LONGEST)

    def take(self, text: str) -> None:
        """Text that came in another form: what an estimate counts."""
        self._text.append(text)

    def whole(self, raw: bytes) -> Outcome:
        """Of a whole answer."""
        try:
            self.add(_decoder.decode(raw))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return Malformed(str(error)[:300])
        return self.outcome()

    def add(self, completion: Completion) -> str:
        """Takes one piece; returns its text."""
        self._model = completion.model or self._model
        self.usage = usage_of(completion) or self.usage
        if not completion.choices:
            return ""
        self._begun = True
        choice = completion.choices[0]
        self._reason = choice.finish_reason or self._reason
        self._streamed = choice.message is None
        delta = choice.message or choice.delta or _Delta()
        content = delta.content or ""
        self._size += len(content) + len(delta.refusal or "")
        for number, call in enumerate(delta.tool_calls or ()):
            self._call(call, number if call.index is None else call.index)
        if self._size > _LONGEST:
            raise ValueError("a longer answer than anybody asked for")
        if delta.refusal:
            self._refusal.append(delta.refusal)
        if content:
            self._text.append(content)
        return content

    def _call(self, call: _Call, place: int) -> None:
        parts = self._calls.setdefault(place, ["", "", ""])
        function = call.function or _Function()
        parts[0], parts[1] = parts[0] or call.id or "", parts[1] or function.name or ""
        parts[2] += function.arguments or ""
        self._size += len(function.arguments or "")

    def outcome(self) -> Outcome:
        """What all of it says. A whole answer without a reason to end is believed, a stream without one broke off."""
        model, usage = storable.text(self._model, 200), self.usage or Usage()
        if self._refusal:
            return Refused("".join(self._refusal)[:2000], usage=usage, model=model)
        if self._reason == "content_filter":
            return Filtered(usage=usage, model=model)
        broken = self._streamed and self._reason is None and bool(self.text or self._calls)
        if self._reason == "length" or broken:
            return CutOff(self.text, usage=usage, model=model)
        calls = [
            ToolCall(call_id or f"call_{place}", name, storable.text(arguments, _LONGEST))
            for place, (call_id, name, arguments) in sorted(self._calls.items())
            if name
        ]
        if calls:
            return Called(tuple(calls), self.text, usage=usage, model=model)
        if not self._begun or not self.text.strip():
            return Malformed("an answer without text")
        return Answered(self.text, usage=usage, model=model)
