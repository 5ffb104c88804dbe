"""What OpenAI refuses in a chat request before any model sees it."""

import re
from typing import Any, Final

from workers.sandbox.openai.errors import wrong
from workers.sandbox.openai.models import Model

ROLES: Final = frozenset(("system", "developer", "user", "assistant", "tool"))
_NAME: Final = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_EFFORTS: Final = frozenset(("none", "minimal", "low", "medium", "high", "xhigh", "max"))


def request(body: dict[str, Any], model: Model) -> None:
    """Raises Refused."""
    _messages(body.get("messages"))
    _settings(body, model)
    for number, tool in enumerate(body.get("tools") or []):
        _tool(tool, number)
    _choice(body)
    form = body.get("response_format") or {}
    if form.get("type") == "json_schema":
        _form(form.get("json_schema"))


def _messages(messages: Any) -> None:
    if not isinstance(messages, list) or not messages:
        raise wrong("Invalid 'messages': empty array. Expected an array with minimum length 1.", "messages", "empty_array")
    open_calls: list[str] = []
    for number, message in enumerate(messages):
        where = f"messages.[{number}]"
        role = message.get("role") if isinstance(message, dict) else None
        if role not in ROLES:
            raise wrong(
                f"Invalid value: '{role}'. Supported values are: {', '.join(sorted(ROLES))}.", f"{where}.role", "invalid_value"
            )
        if role == "tool":
            if message.get("tool_call_id") not in open_calls:
                text = "messages with role 'tool' must be a response to a preceeding message with 'tool_calls'."
                raise wrong(f"Invalid parameter: {text}", f"{where}.role")
            open_calls.remove(message["tool_call_id"])
        elif open_calls:
            raise _unanswered(open_calls)
        if role == "assistant":
            open_calls = [call["id"] for call in message.get("tool_calls") or []]
        if message.get("content") is None and not message.get("tool_calls"):
            raise wrong(f"Invalid value for 'content': expected a string, got null. ({where})", f"{where}.content")
    if open_calls:
        raise _unanswered(open_calls)


def _unanswered(calls: list[str]) -> Exception:
    text = "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'."
    return wrong(f"{text} The following tool_call_ids did not have response messages: {', '.join(calls)}", "messages")


def _settings(body: dict[str, Any], model: Model) -> None:
    if model.reasons and body.get("max_tokens") is not None:
        text = "'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
        raise wrong(f"Unsupported parameter: {text}", "max_tokens", "unsupported_parameter")
    temperature = body.get("temperature")
    if temperature is not None and not 0 <= temperature <= 2:
        raise wrong(f"Invalid 'temperature': {temperature} is not between 0 and 2.", "temperature", "decimal_above_max_value")
    effort = body.get("reasoning_effort")
    if effort is not None and (not model.reasons or effort not in _EFFORTS):
        raise wrong(
            f"Unsupported value: 'reasoning_effort' does not support '{effort}' with this model.",
            "reasoning_effort",
            "unsupported_value",
        )
    if body.get("parallel_tool_calls") is not None and not body.get("tools"):
        raise wrong(
            "Invalid value for 'parallel_tool_calls': 'parallel_tool_calls' is only allowed when 'tools' are specified.",
            "parallel_tool_calls",
        )
    if len(body.get("safety_identifier") or "") > 128:
        raise wrong(
            "Invalid 'safety_identifier': string too long. Expected a string with maximum length 128.", "safety_identifier"
        )


def _tool(tool: Any, number: int) -> None:
    function = tool.get("function") if isinstance(tool, dict) and tool.get("type") == "function" else None
    where = f"tools[{number}].function"
    if not isinstance(function, dict):
        raise wrong(f"Missing required parameter: '{where}'.", where, "missing_required_parameter")
    name = function.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise wrong(
            f"Invalid '{where}.name': string does not match pattern '^[a-zA-Z0-9_-]+$'.", f"{where}.name", "invalid_value"
        )
    if function.get("strict"):
        schema = function.get("parameters") or {}
        if problem := unstrict(schema):
            raise wrong(f"Invalid schema for function '{name}': {problem}", f"{where}.parameters", "invalid_function_parameters")


def _choice(body: dict[str, Any]) -> None:
    choice = body.get("tool_choice")
    if choice is None:
        return
    if not body.get("tools"):
        raise wrong("Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.", "tool_choice")
    if isinstance(choice, dict):
        name = (choice.get("function") or {}).get("name")
        if name not in [tool["function"]["name"] for tool in body["tools"]]:
            raise wrong(f"Tool choice '{name}' not found in 'tools' parameter.", "tool_choice")


def _form(form: Any) -> None:
    name = form.get("name") if isinstance(form, dict) else None
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise wrong("Missing required parameter: 'response_format.json_schema.name'.", "response_format.json_schema.name")
    if form.get("strict"):
        schema = form.get("schema") or {}
        problem = "schema must be a JSON Schema of 'type: \"object\"'" if schema.get("type") != "object" else unstrict(schema)
        if problem:
            raise wrong(f"Invalid schema for response_format '{name}': {problem}", "response_format", "invalid_json_schema")


def unstrict(schema: Any, path: tuple[str, ...] = ()) -> str:
    """Why a schema is not one of strict mode, "" when it is: every object closed, every property required."""
    if not isinstance(schema, dict):
        return ""
    if schema.get("type") == "object" or "properties" in schema:
        if schema.get("additionalProperties") is not False:
            return f"In context={path}, 'additionalProperties' is required to be supplied and to be false."
        properties = schema.get("properties", {})
        missing = [name for name in properties if name not in schema.get("required", ())]
        if missing:
            text = "'required' is required to be supplied and to be an array including every key in properties."
            return f"In context={path}, {text} Missing '{missing[0]}'."
    inner = [*schema.get("properties", {}).items(), *schema.get("$defs", {}).items(), ("items", schema.get("items"))]
    inner += [(key, one) for key in ("anyOf",) for one in schema.get(key, [])]
    return next((problem for name, part in inner if (problem := unstrict(part, (*path, name)))), "")
