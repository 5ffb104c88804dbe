"""GET /model: what the model saw, for people. Everything is escaped; nothing is loaded or run."""

import html
import json
from datetime import datetime
from typing import Any, Final

import msgspec

from workers.sandbox.openai.requests import Exchange
from workers.sandbox.server import Reply

SHOWN: Final = 100
_PAGE: Final = """<!doctype html><html lang="pt-BR"><head><meta charset="utf-8"><title>O que o modelo leu</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>
:root {{ color-scheme: light dark }}
body {{ font: 15px/1.55 system-ui, sans-serif; max-width: 56rem; margin: 2.5rem auto; padding: 0 1rem }}
h1 {{ font-size: 1.35rem; margin: 0 }} .lead {{ opacity: .7; margin: .25rem 0 1.5rem }}
details {{ border: 1px solid color-mix(in srgb, currentColor 18%, transparent); border-radius: 12px; padding: .7rem 1rem; margin-bottom: .6rem }}
summary {{ cursor: pointer; overflow: hidden; text-overflow: ellipsis; white-space: nowrap }}
.meta {{ font-size: .85rem; opacity: .7 }} .bad {{ color: #c33 }} h2 {{ font-size: .85rem; margin: 1rem 0 .2rem; opacity: .7 }}
pre {{ white-space: pre-wrap; overflow-wrap: anywhere; font: inherit; margin: 0 }}
</style></head><body><h1>O que o modelo leu</h1>
<p class="lead">Os últimos pedidos ao modelo do simulador, o mais novo primeiro. Chaves não são guardadas.</p>{requests}</body></html>"""
_NAMES: Final = {"system": "Regras", "developer": "Regras", "user": "Cliente", "assistant": "Modelo", "tool": "Ferramenta"}
_POLICY: Final = b"content-security-policy: default-src 'none'; style-src 'unsafe-inline'\r\nreferrer-policy: no-referrer\r\n"


def page(exchanges: list[Exchange]) -> Reply:
    drawn = "".join(map(_drawn, exchanges)) or "<p>Nenhum pedido por enquanto.</p>"
    return Reply(200, _PAGE.format(requests=drawn).encode(), b"text/html; charset=utf-8", _POLICY)


def _drawn(one: Exchange) -> str:
    asked: Any = msgspec.json.decode(one.asked) or {}
    answered: Any = msgspec.json.decode(one.answered) or {}
    usage: Any = msgspec.json.decode(one.usage) or {}
    messages = asked.get("messages") if isinstance(asked.get("messages"), list) else [{"role": "user", "content": _given(asked)}]
    talk = [(_NAMES.get(str(one.get("role")), "?"), one) for one in messages if isinstance(one, dict)]
    tools = ", ".join(
        str((tool.get("function") or {}).get("name")) for tool in asked.get("tools") or [] if isinstance(tool, dict)
    )
    last = next((_text(message) for name, message in reversed(talk) if name == "Cliente"), one.kind)
    at = f"{datetime.fromtimestamp(one.at).astimezone():%d/%m %H:%M:%S}"
    counted = (
        usage.get("prompt_tokens", "–"),
        (usage.get("prompt_tokens_details") or {}).get("cached_tokens", 0),
        usage.get("completion_tokens", "–"),
    )
    meta = f"{one.account} · {one.model} · {one.seconds * 1000:.0f} ms · {counted[0]} tokens lidos ({counted[1]} em cache), {counted[2]} escritos"
    failed = f' <span class="bad">{one.status}</span>' if one.status != 200 else ""
    body = "".join(_part(name, _text(message)) for name, message in talk)
    if tools:
        body += _part("Podia chamar", tools)
    body += _part("Resposta", _text(answered.get("message") or answered) if isinstance(answered, dict) else str(answered))
    head = f"<summary>{html.escape(at)}{failed} {html.escape(last[:160])}</summary>"
    return f'<details>{head}<div class="meta">{html.escape(meta)}</div>{body}</details>'


def _given(asked: dict[str, Any]) -> str:
    """What another request than a chat holds."""
    given = asked.get("input", asked)
    lines = given if isinstance(given, list) else [given]
    return "\n".join(line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines)


def _part(name: str, text: str) -> str:
    return f"<h2>{html.escape(name)}</h2><pre>{html.escape(text)}</pre>" if text else ""


def _text(message: Any) -> str:
    """Of a message its text and its calls; of anything else JSON."""
    if not isinstance(message, dict) or "role" not in message:
        return json.dumps(message, ensure_ascii=False, indent=1)
    content = message.get("content") or message.get("refusal") or ""
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, indent=1)
    calls = [call.get("function") or {} for call in message.get("tool_calls") or [] if isinstance(call, dict)]
    return "\n".join([text, *(f"→ {call.get('name')}({call.get('arguments')})" for call in calls)]).strip()
