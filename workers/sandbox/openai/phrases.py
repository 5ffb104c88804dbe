"""What the sandbox's model says of its own accord, in the customer's language."""

from typing import Final

from workers.sandbox.openai.words import Language

_SAID: Final[dict[str, dict[Language, str]]] = {
    "greeting": {"pt": "Olá!", "en": "Hello!"},
    "help": {"pt": "Como posso ajudar?", "en": "How can I help?"},
    "thanks": {"pt": "De nada! Estou aqui para ajudar.", "en": "You're welcome! I'm here to help."},
    "unknown": {
        "pt": "Não tenho essa informação agora. Vou chamar alguém da equipe.",
        "en": "I can't find that information right now. Let me ask someone on the team.",
    },
    "back": {
        "pt": "Não encontrei essa informação aqui. Pode me contar um pouco mais?",
        "en": "I can't find that here. Can you tell me a little more?",
    },
    "bot": {"pt": "Sou uma assistente virtual.", "en": "I am a virtual assistant."},
    "bye": {"pt": "Até mais!", "en": "Bye!"},
    "human": {"pt": "Vou chamar uma pessoa da equipe.", "en": "Let me ask a person on the team."},
    "noted": {"pt": "Certo, obrigado!", "en": "All right, thank you!"},
    "wants": {"pt": "Perfeito!", "en": "Great!"},
    "not_interested": {"pt": "Tudo bem, obrigado por avisar!", "en": "Thanks for letting me know!"},
    "thinking": {"pt": "Tudo bem! Estou aqui para ajudar.", "en": "All right! I'm here to help."},
    "later": {"pt": "Combinado!", "en": "Agreed!"},
    "go_on": {"pt": "Pode me contar um pouco mais?", "en": "Can you tell me a little more?"},
    "again": {"pt": "Olá! Ainda posso ajudar com alguma coisa?", "en": "Hello! Can I still help with anything?"},
    "ask": {"pt": "Pode me dizer: {name}?", "en": "Can you tell me: {name}?"},
}
"""Each without a statement of fact: nothing here needs a passage."""


def say(what: str, language: Language, **values: str) -> str:
    return _SAID[what][language].format(**values)
