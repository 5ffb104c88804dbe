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
    Starter("review", M, "pt_BR",
        "Oi {{nome}}, obrigado por comprar com a gente! Se você gostou, conta para outras pessoas: a sua opinião ajuda muito uma loja pequena.",
        ("Ana",), STOP_PT, (("quick_reply", "Gostei muito", ""), ("quick_reply", "Tive um problema", ""))),
    Starter("pickup", U, "pt_BR", "Oi {{nome}}, o seu pedido {{pedido}} já pode ser retirado na loja. Estamos abertos até as {{hora}} de hoje.", ("Ana", "12345", "18h")),
    Starter("consultation", U, "pt_BR",
        "Olá {{nome}}, a sua consulta com {{profissional}} está marcada para {{data}} às {{hora}}. Chegue 10 minutos antes e traga um documento. Podemos confirmar?",
        ("Marina", "a Dra. Paula", "12/03", "14h30"), "", (("quick_reply", "Confirmo", ""), ("quick_reply", "Preciso remarcar", ""))),
    Starter("results", U, "pt_BR", "Olá {{nome}}, o resultado do seu exame ficou pronto. Por segurança, ele só é entregue a você, na recepção ou pelo nosso site.", ("Marina",)),
    Starter("checkup", M, "pt_BR",
        "Olá {{nome}}, faz {{tempo}} desde a sua última consulta. Que tal marcar a revisão? Temos horários nesta semana, também no começo da noite.",
        ("Marina", "um ano"), STOP_PT, (("quick_reply", "Quero marcar", ""), ("quick_reply", "Agora não", ""))),
    Starter("table", U, "pt_BR",
        "Oi {{nome}}, a sua mesa para {{pessoas}} pessoas está reservada em {{data}} às {{hora}}. Guardamos o lugar por 15 minutos. Você confirma?",
        ("Bruno", "4", "12/03", "20h"), "", (("quick_reply", "Confirmo", ""), ("quick_reply", "Preciso mudar", ""))),
    Starter("menu", M, "pt_BR",
        "Oi {{nome}}! 🍽️ O prato desta semana é {{prato}}. Atendemos no salão e entregamos na sua casa. Quer ver o cardápio completo?",
        ("Bruno", "moqueca de camarão"), STOP_PT, (("quick_reply", "Ver o cardápio", ""), ("quick_reply", "Agora não", ""))),
    Starter("delivery", U, "pt_BR", "Oi {{nome}}, o seu pedido {{pedido}} saiu do restaurante e chega em cerca de {{minutos}} minutos. Bom apetite!", ("Bruno", "87", "25")),
    Starter("enrolment", M, "pt_BR",
        "Olá {{nome}}, as matrículas para {{curso}} estão abertas até {{data}}. Temos aula experimental para conhecer a turma e os professores. Quer reservar um lugar?",
        ("Sofia", "o curso de inglês", "30/01"), STOP_PT, (("quick_reply", "Quero reservar", ""), ("quick_reply", "Agora não", ""))),
    Starter("class", U, "pt_BR", "Olá {{nome}}, lembramos da aula de {{materia}} em {{data}} às {{hora}}. Se não puder vir, responda esta mensagem.", ("Sofia", "inglês", "12/03", "19h")),
    Starter("tuition", U, "pt_BR", "Olá {{nome}}, a mensalidade de {{mes}} vence em {{data}}. O boleto está na área do aluno. Se já pagou, desconsidere esta mensagem.", ("Sofia", "março", "10/03")),
    Starter("quote", U, "pt_BR",
        "Oi {{nome}}, o orçamento {{numero}} que você pediu ficou pronto e vale até {{data}}. Podemos começar assim que você aprovar.",
        ("Rafael", "482", "20/03"), "", (("quick_reply", "Aprovar", ""), ("quick_reply", "Tenho uma dúvida", ""))),
    Starter("visit", U, "pt_BR",
        "Oi {{nome}}, a visita do nosso técnico está marcada para {{data}}, entre {{horas}}. Haverá alguém para receber?",
        ("Rafael", "12/03", "9h e 11h"), "", (("quick_reply", "Sim, pode vir", ""), ("quick_reply", "Preciso remarcar", ""))),
    Starter("ready", U, "pt_BR", "Oi {{nome}}, o serviço {{servico}} está pronto. Você pode buscar em nosso horário de atendimento, até as {{hora}}.", ("Rafael", "da revisão do carro", "18h")),
    Starter("maintenance", M, "pt_BR",
        "Oi {{nome}}, já passou {{tempo}} desde a última manutenção. Uma revisão agora evita conserto caro depois. Quer marcar uma visita?",
        ("Rafael", "seis meses"), STOP_PT, (("quick_reply", "Quero marcar", ""), ("quick_reply", "Agora não", ""))),
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
    Starter("review", M, "en_US",
        "Hi {{name}}, thank you for buying from us! If you liked it, tell others: your opinion helps a small shop a lot.",
        ("Ann",), STOP_EN, (("quick_reply", "I liked it", ""), ("quick_reply", "I had a problem", ""))),
    Starter("pickup", U, "en_US", "Hi {{name}}, your order {{order}} is ready to be picked up at the shop. We are open until {{time}} today.", ("Ann", "12345", "6 pm")),
    Starter("consultation", U, "en_US",
        "Hello {{name}}, your appointment with {{doctor}} is on {{date}} at {{time}}. Please come 10 minutes early and bring your ID. Can we confirm it?",
        ("Mary", "Dr. Jones", "March 12", "2:30 pm"), "", (("quick_reply", "I will be there", ""), ("quick_reply", "Another time", ""))),
    Starter("results", U, "en_US", "Hello {{name}}, the result of your exam is ready. To keep it safe we hand it to you only, at the front desk or on our site.", ("Mary",)),
    Starter("checkup", M, "en_US",
        "Hello {{name}}, your last visit was {{time}} ago. How about a check-up? We have times this week, in the early evening too.",
        ("Mary", "a year"), STOP_EN, (("quick_reply", "Book a time", ""), ("quick_reply", "Not now", ""))),
    Starter("table", U, "en_US",
        "Hi {{name}}, your table for {{people}} people is booked on {{date}} at {{time}}. We keep it for 15 minutes. Will you be there?",
        ("Bruce", "4", "March 12", "8 pm"), "", (("quick_reply", "I will", ""), ("quick_reply", "I need a change", ""))),
    Starter("menu", M, "en_US",
        "Hi {{name}}! 🍽️ The dish of this week is {{dish}}. Come to our tables, or we bring it to your door. Would you like to see the whole menu?",
        ("Bruce", "shrimp stew"), STOP_EN, (("quick_reply", "Show the menu", ""), ("quick_reply", "Not now", ""))),
    Starter("delivery", U, "en_US", "Hi {{name}}, your order {{order}} has left the restaurant and arrives in about {{minutes}} minutes. Enjoy your meal!", ("Bruce", "87", "25")),
    Starter("enrolment", M, "en_US",
        "Hello {{name}}, you can join {{course}} until {{date}}. There is a trial class to meet the group and the teachers. Shall we keep a place?",
        ("Sophie", "the English course", "January 30"), STOP_EN, (("quick_reply", "Keep a place", ""), ("quick_reply", "Not now", ""))),
    Starter("class", U, "en_US", "Hello {{name}}, a reminder of the {{subject}} class on {{date}} at {{time}}. If you cannot come, reply to this message.", ("Sophie", "English", "March 12", "7 pm")),
    Starter("tuition", U, "en_US", "Hello {{name}}, the fee for {{month}} is due on {{date}}. The bill is in the student area. If you have paid, please ignore this message.", ("Sophie", "March", "March 10")),
    Starter("quote", U, "en_US",
        "Hi {{name}}, the quote {{number}} that you asked for is ready and valid until {{date}}. We can start as soon as you approve it.",
        ("Ralph", "482", "March 20"), "", (("quick_reply", "Approve", ""), ("quick_reply", "I have a question", ""))),
    Starter("visit", U, "en_US",
        "Hi {{name}}, our technician comes on {{date}}, between {{hours}}. Will somebody be there to open the door?",
        ("Ralph", "March 12", "9 and 11 am"), "", (("quick_reply", "Yes", ""), ("quick_reply", "Another time", ""))),
    Starter("ready", U, "en_US", "Hi {{name}}, {{service}} is done. You can pick it up during our opening hours, until {{time}} today.", ("Ralph", "the service of your car", "6 pm")),
    Starter("maintenance", M, "en_US",
        "Hi {{name}}, the last maintenance was {{time}} ago. A check now avoids a costly repair later. Shall we set a date for a visit?",
        ("Ralph", "six months"), STOP_EN, (("quick_reply", "Set a date", ""), ("quick_reply", "Not now", ""))),
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
        "review": _("Ask for a review"),
        "order": _("Order received"),
        "shipped": _("Order on its way"),
        "pickup": _("Ready to pick up"),
        "consultation": _("Confirm an appointment"),
        "results": _("Exam result is ready"),
        "checkup": _("Time for a check-up"),
        "table": _("Table booked"),
        "menu": _("Dish of the week"),
        "delivery": _("Food on its way"),
        "enrolment": _("Enrolment is open"),
        "class": _("Class reminder"),
        "tuition": _("Monthly fee"),
        "quote": _("Quote is ready"),
        "visit": _("Visit of a technician"),
        "ready": _("Service is done"),
        "maintenance": _("Time for maintenance"),
        "appointment": _("Appointment reminder"),
        "payment": _("Payment reminder"),
        "feedback": _("How did we do?"),
        "code": _("Sign-in code"),
    }


def headings() -> dict[str, str]:
    """The key of the first starter of a group → for whom they are."""
    return {
        "offer": _("Shop"),
        "consultation": _("Clinic"),
        "table": _("Restaurant"),
        "enrolment": _("School"),
        "quote": _("Services"),
        "appointment": _("For everybody"),
    }


def starter(key: str, language: str) -> Starter | None:
    """In the language of the template, in English where there is none of it."""
    wanted = "pt_BR" if language.startswith("pt") else "en_US"
    return next((one for one in STARTERS if (one.key, one.language) == (key, wanted)), None)
