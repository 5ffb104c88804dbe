"""Why an agent that calls over MCP is refused where a program with the same key would not be."""

from db.errors import ErrorCode


class AgentError(ErrorCode):
    NOT_CONFIRMED = "not_confirmed", 409, "Ask a person first, then call again with confirm: true. Nothing was done."
    AI_MAY_NOT = "ai_may_not", 403, "On this board no AI may do that. A person can do it in the panel. Nothing was done."
    AI_MAY_SUGGEST = (
        "ai_may_suggest",
        409,
        "On this board an AI may only suggest that. Tell a person what you want to do and why, and call again with confirm: true when they "
        "say yes. Nothing was done.",
    )
