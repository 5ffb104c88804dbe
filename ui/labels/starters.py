"""Ready texts to begin a template with, as WhatsApp usually approves them. They are what a customer reads, so each is in the language of the
template, whatever language the page is in; places have names that the company's contacts have."""

from typing import NamedTuple

from api.contract.enums import TemplateCategory
from ui.i18n import _

M, U, A = TemplateCategory.MARKETING, TemplateCategory.UTILITY, TemplateCategory.AUTHENTICATION


class Starter(NamedTuple):
    """`examples` are in the order of the places; `buttons` are (kind, text, address)."""

    key: str
    category: TemplateCategory
    language: str
    body: str
    examples: tuple[str, ...] = ()
    footer: str = ""
    buttons: tuple[tuple[str, str, str], ...] = ()


STOP_PT, STOP_EN = "Responda SAIR para não receber", "Reply STOP to leave"
STARTERS = (
    Starter("offer", M, "pt_BR",
        "Oi {{nome}}! 🎉 Esta semana temos {{oferta}} para você. Vale até domingo ou enquanto durar o estoque. Quer ver as opções?",
        ("Beatriz", "20% de desconto em vestidos"), STOP_PT, (("quick_reply", "Quero ver", ""), ("quick_reply", "Agora não", ""))),
    Starter("news", M, "pt_BR",
        "Oi {{nome}}, tudo bem? Chegou novidade na loja: {{novidade}}. Separamos as melhores peças para quem já é cliente. Posso mandar as fotos?",
        ("Carlos", "a coleção de verão"), STOP_PT, (("quick_reply", "Pode mandar", ""), ("quick_reply", "Agora não", ""))),
    Starter("miss", M, "pt_BR",
        "Oi {{nome}}, faz um tempo que você não aparece por aqui. Preparamos um presente para a sua próxima compra: {{presente}}. É só responder esta mensagem.",
        ("Paula", "frete grátis"), STOP_PT, (("quick_reply", "Quero o presente", ""),)),
    Starter("birthday", M, "pt_BR",
        "Parabéns, {{nome}}! 🎂 Para comemorar o seu dia, você ganhou {{presente}} em qualquer compra até o fim do mês. Aproveite!",
        ("Igor", "15% de desconto"), STOP_PT),
    Starter("cart", M, "pt_BR",
        "Oi {{nome}}, você deixou {{produto}} no carrinho. Ainda temos no estoque. Posso ajudar a terminar a compra?",
        ("Rafael", "a bolsa azul"), STOP_PT, (("quick_reply", "Sim, por favor", ""), ("quick_reply", "Não, obrigado", ""))),
    Starter("order", U, "pt_BR", "Oi {{nome}}, recebemos o seu pedido {{pedido}}. Vamos avisar por aqui assim que ele sair para entrega.", ("Ana", "12345")),
    Starter("shipped", U, "pt_BR", "Oi {{nome}}, o seu pedido {{pedido}} saiu para entrega e chega em {{data}}. Se precisar de algo, responda esta mensagem.", ("Ana", "12345", "12/03")),
    Starter("appointment", U, "pt_BR",
        "Oi {{nome}}, lembramos do seu horário em {{data}} às {{hora}}. Você confirma a presença?",
        ("Marina", "12/03", "14h30"), "", (("quick_reply", "Confirmo", ""), ("quick_reply", "Preciso remarcar", ""))),
    Starter("payment", U, "pt_BR", "Oi {{nome}}, a fatura do pedido {{pedido}} vence em {{data}}. Se você já pagou, desconsidere esta mensagem.", ("João", "12345", "12/03")),
    Starter("feedback", U, "pt_BR",
        "Oi {{nome}}, como foi o atendimento do pedido {{pedido}}? A sua resposta nos ajuda a melhorar.",
        ("Lia", "12345"), "", (("quick_reply", "Ótimo", ""), ("quick_reply", "Regular", ""), ("quick_reply", "Ruim", ""))),
    Starter("code", A, "pt_BR", ""),
    Starter("offer", M, "en_US",
        "Hi {{name}}! 🎉 This week we have {{offer}} for you. Valid until Sunday or while stocks last. Would you like to see what we have?",
        ("Grace", "20% off dresses"), STOP_EN, (("quick_reply", "Show me", ""), ("quick_reply", "Not now", ""))),
    Starter("news", M, "en_US",
        "Hi {{name}}, something new has arrived: {{news}}. We put the best aside for our customers. Shall I send you pictures?",
        ("Alan", "the summer collection"), STOP_EN, (("quick_reply", "Yes, please", ""), ("quick_reply", "Not now", ""))),
    Starter("miss", M, "en_US",
        "Hi {{name}}, we have not seen you for a while. There is a present for your next order: {{present}}. Just reply to this message.",
        ("Mary", "free delivery"), STOP_EN),
    Starter("birthday", M, "en_US", "Happy birthday, {{name}}! 🎂 To celebrate, you get {{present}} on any order until the end of the month. Enjoy!", ("Tim", "15% off"), STOP_EN),
    Starter("cart", M, "en_US",
        "Hi {{name}}, you left {{product}} in your basket. We still have it. Can I help you finish the order?",
        ("Rob", "the blue bag"), STOP_EN, (("quick_reply", "Yes, please", ""), ("quick_reply", "No, thanks", ""))),
    Starter("order", U, "en_US", "Hi {{name}}, we received your order {{order}}. We will tell you here as soon as it is on its way.", ("Anna", "12345")),
    Starter("shipped", U, "en_US", "Hi {{name}}, your order {{order}} is on its way and arrives on {{date}}. If you need anything, reply to this message.", ("Anna", "12345", "March 12")),
    Starter("appointment", U, "en_US",
        "Hi {{name}}, a reminder of your appointment on {{date}} at {{time}}. Will you be there?",
        ("Mary", "March 12", "2:30 pm"), "", (("quick_reply", "I will", ""), ("quick_reply", "Another time", ""))),
    Starter("payment", U, "en_US", "Hi {{name}}, the bill of order {{order}} is due on {{date}}. If you have paid already, please ignore this message.", ("John", "12345", "March 12")),
    Starter("feedback", U, "en_US",
        "Hi {{name}}, how did we do with order {{order}}? Your answer helps us get better.",
        ("Lucy", "12345"), "", (("quick_reply", "Great", ""), ("quick_reply", "So-so", ""), ("quick_reply", "Badly", ""))),
    Starter("code", A, "en_US", ""),
)  # fmt: skip


def names() -> dict[str, str]:
    """A starter's key → its name for people."""
    return {
        "offer": _("Offer of the week"),
        "news": _("Something new arrived"),
        "miss": _("We miss you"),
        "birthday": _("Birthday present"),
        "cart": _("Left in the basket"),
        "order": _("Order received"),
        "shipped": _("Order on its way"),
        "appointment": _("Appointment reminder"),
        "payment": _("Payment reminder"),
        "feedback": _("How did we do?"),
        "code": _("Sign-in code"),
    }


def starter(key: str, language: str) -> Starter | None:
    """In the language of the template, in English where there is none of it."""
    wanted = "pt_BR" if language.startswith("pt") else "en_US"
    return next((one for one in STARTERS if (one.key, one.language) == (key, wanted)), None)
