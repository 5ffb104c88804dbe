"""What the sandbox's model says of its own accord, in the customer's language."""

from typing import Final

from workers.sandbox.openai.words import Language

_SAID: Final[dict[str, dict[Language, str]]] = {
    "hello": {"pt": "Olá! Como posso ajudar?", "en": "Hello! How can I help?"},
    "thanks": {"pt": "De nada! Se precisar, é só chamar.", "en": "You're welcome! Just write if you need anything else."},
    "bye": {"pt": "Até logo!", "en": "Goodbye!"},
    "unknown": {
        "pt": "Não tenho essa informação agora. Vou chamar alguém da equipe para ajudar.",
        "en": "I don't have that information right now. I'll ask someone on the team to help.",
    },
    "human": {"pt": "Claro, vou chamar uma pessoa da equipe.", "en": "Of course, I'll bring in someone from the team."},
    "noted": {"pt": "Certo, anotado.", "en": "All right, noted."},
    "wants": {"pt": "Que bom! Vamos seguir com isso.", "en": "Great! Let's go ahead."},
    "not_interested": {"pt": "Tudo bem, obrigado por avisar.", "en": "That's fine, thanks for letting me know."},
    "thinking": {"pt": "Sem pressa. Se surgir uma dúvida, é só escrever.", "en": "No rush. If anything comes up, just write."},
    "later": {"pt": "Combinado, falo com você nesse horário.", "en": "Agreed, I'll write to you then."},
    "go_on": {"pt": "Entendi. Pode me contar um pouco mais?", "en": "I see. Could you tell me a little more?"},
    "ask": {"pt": "Pode me dizer {what}?", "en": "Could you tell me {what}?"},
    "refused": {"pt": "Não posso ajudar com isso.", "en": "I can't help with that."},
}


def say(what: str, language: Language, **values: str) -> str:
    return _SAID[what][language].format(**values)
