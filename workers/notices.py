"""The mail to the owners about news that cannot wait: one sentence for each code, in both languages."""

from db.accounts.enums import AccountNotice
from db.ai.enums import AiNotice
from db.channels.enums import NoticeCode as N
from db.costs.enums import CostNotice
from db.kommo.enums import KommoNotice
from db.notifications.enums import NotificationKind
from db.webhooks.enums import WebhookNotice

SENTENCES: dict[N, tuple[str, str]] = {
    N.ACCOUNT_RESTRICTED: (
        "A Meta restringiu o que esta conta pode enviar.",
        "Meta restricts what this account may send.",
    ),
    N.ACCOUNT_VIOLATION: (
        "A Meta informa que a conta violou as políticas dela.",
        "Meta says that the account broke its policy.",
    ),
    N.ACCOUNT_DISABLED: ("A Meta desativou a conta.", "Meta disabled the account."),
    N.ACCOUNT_DISABLE_SCHEDULED: ("A Meta vai desativar a conta.", "Meta is going to disable the account."),
    N.ACCOUNT_DELETED: ("A conta foi excluída na Meta.", "The account was deleted at Meta."),
    N.APP_REMOVED: (
        "O nosso acesso à conta foi retirado. Sem ele nada é enviado nem recebido.",
        "Our access to the account was removed. Without it nothing is sent or received.",
    ),
    N.REVIEW_REJECTED: ("A Meta recusou a conta na análise.", "Meta rejected the account in its review."),
    N.ALERT: ("A Meta enviou um alerta sobre a conta.", "Meta alerts about the account."),
    N.NAME_REJECTED: (
        "A Meta recusou o nome de exibição do número.",
        "Meta rejected the display name of the number.",
    ),
    N.PIN_CHANGED: (
        "O código de duas etapas do número foi trocado. Se não foi alguém da empresa, troque-o agora.",
        "The two-step code of the number was changed. If it was not one of you, change it now.",
    ),
    N.PIN_RESET_REQUESTED: (
        "Alguém pediu para redefinir o código de duas etapas do número. Se não foi alguém da empresa, proteja a conta agora.",
        "Somebody asks to reset the two-step code of the number. If it was not one of you, secure your account now.",
    ),
    N.STOPS_RISING: (
        "Nas últimas 24 horas, mais gente que de costume pediu para não receber mensagens deste número. Ele passa a enviar mais devagar,"
        " antes que a Meta o limite. Escreva só para quem pediu.",
        "Within 24 hours more people than usual asked for no more messages of this number. It sends more slowly now, before Meta limits it."
        " Write only to those who asked for it.",
    ),
    N.FAILURES_RISING: (
        "Nas últimas 24 horas, mais mensagens que de costume falharam neste número. Ele passa a enviar mais devagar. Veja os motivos na"
        " campanha e limpe a lista.",
        "Within 24 hours more messages than usual failed on this number. It sends more slowly now. See the reasons in the campaign and clean"
        " the list.",
    ),
    N.TEMPLATE_QUALITY_DROPPED: (
        "A qualidade de um modelo caiu: pessoas o bloqueiam ou denunciam. A Meta pode pausá-lo. O modelo é este:",
        "The quality of a template dropped: people block or report it. Meta may pause it. It is this one:",
    ),
    N.SESSION_ENDED: (
        "O celular desconectou este número. Leia o código de novo na página do canal; as mensagens esperam até lá.",
        "The phone disconnected this number. Scan its code again on the channel's page; messages wait until then.",
    ),
    N.SESSION_ELSEWHERE: (
        "Outro programa abriu a conexão deste número. Feche-a lá e abra-a de novo na página do canal; dois ao mesmo tempo levam a um bloqueio.",
        "Another program opened the connection of this number. Close it there and open it here again; two at once lead to a block.",
    ),
    N.SESSION_BANNED: (
        "O WhatsApp bloqueou este número. Peça uma análise no aplicativo do celular; as mensagens esperam.",
        "WhatsApp blocked this number. Ask for a review in the app on the phone; messages wait.",
    ),
    N.SESSION_RESTRICTED: (
        "O WhatsApp não deixa este número escrever para gente nova por um tempo. Quem já escreveu continua recebendo respostas.",
        "WhatsApp lets this number write to nobody new for a time. Whoever wrote still gets answers.",
    ),
    N.SESSION_OUTDATED: (
        "O WhatsApp recusa esta versão do Master IA. Avise quem cuida da instalação; as mensagens esperam.",
        "WhatsApp refuses this version of Master IA. Tell who runs the installation; messages wait.",
    ),
    N.SESSION_AWAY: (
        "A conexão deste número caiu há mais de cinco minutos e não volta sozinha. Veja se o celular está ligado e com internet; as mensagens esperam.",
        "The connection of this number broke off more than five minutes ago and does not come back. See whether the phone is on and online; messages wait.",
    ),
    N.SESSION_QUIET: (
        "Há dez dias nada chega do celular deste número. Abra o WhatsApp nele, com internet: depois de uns 14 dias sem ele, o WhatsApp desconecta o número.",
        "Nothing was heard of this number's phone for ten days. Open WhatsApp on it, online: after about 14 days without it WhatsApp disconnects the number.",
    ),
    N.OUTAGE: (
        "O provedor não responde há mais de dez minutos. Os envios esperam e continuam sozinhos quando ele voltar; nada se perde.",
        "The provider has not answered for more than ten minutes. Sending waits and goes on by itself; nothing is lost.",
    ),
}
"""Portuguese, English."""
AI_SENTENCES: dict[AiNotice, tuple[str, str]] = {
    AiNotice.KEY_REFUSED: (
        "O provedor de IA recusou a chave da empresa. A IA parou até que alguém salve uma chave nova.",
        "The AI provider refused the company's key. The AI has stopped until somebody saves a new one.",
    ),
    AiNotice.NO_CREDIT: (
        "Acabou o crédito no provedor de IA. A IA parou; depois da recarga ela volta sozinha em até uma hora.",
        "There is no credit left at the AI provider. The AI has stopped; once there is credit it goes on by itself within an hour.",
    ),
    AiNotice.BUDGET_80: (
        "Já foram gastos 80% de um orçamento de IA. O limite é este:",
        "80% of an AI budget are spent. Its limit is this:",
    ),
    AiNotice.BUDGET_100: (
        "Um orçamento de IA acabou. A IA para nele até o próximo período, ou até que alguém aumente o limite, que é este:",
        "An AI budget is used up. The AI stops for it until its next period, or until somebody raises its limit, which is this:",
    ),
    AiNotice.MODEL_ENDS: (
        "Um modelo de IA que a empresa usa vai ser desligado pelo provedor. Escolha outro antes disso e teste-o:",
        "An AI model that the company uses is going to be switched off by its provider. Choose another one before, and test it:",
    ),
}
"""The same about the AI service."""
COST_SENTENCES: dict[CostNotice, tuple[str, str]] = {
    CostNotice.NEARLY: (
        "80% do limite de custos deste mês já foram usados. Quando ele acabar, campanhas e mensagens automáticas esperam. O limite é este:",
        "80% of this month's limit of costs are used. Once it is reached, campaigns and automatic messages wait. The limit is this:",
    ),
    CostNotice.REACHED: (
        "O limite de custos deste mês foi atingido. Campanhas e mensagens automáticas esperam até o mês acabar ou até alguém aumentar o limite, que é este:",
        "This month's limit of costs is reached. Campaigns and automatic messages wait until the month is over, or somebody raises the limit, which is this:",
    ),
}
"""The same about the month's limit of costs."""
WEBHOOK_SENTENCES: dict[WebhookNotice, tuple[str, str]] = {
    WebhookNotice.FAILING: (
        "Há mais de um dia um endereço da empresa não aceita os eventos que enviamos. Continuamos tentando; depois de cinco dias ele é desligado.",
        "For more than a day an address of the company has not taken the events that we send. We go on trying; after five days it is switched off.",
    ),
    WebhookNotice.OFF: (
        "Um endereço da empresa não aceitou nenhum evento por cinco dias e foi desligado. O que ele perdeu fica guardado por 14 dias.",
        "An address of the company took no event for five days and was switched off. What it missed is kept for 14 days.",
    ),
    WebhookNotice.GONE: (
        "Um endereço da empresa respondeu que não existe mais (410) e foi desligado. O que ele perdeu fica guardado por 14 dias.",
        "An address of the company answered that it is gone (410) and was switched off. What it missed is kept for 14 days.",
    ),
}
"""The same about webhooks."""
KOMMO_SENTENCES: dict[KommoNotice, tuple[str, str]] = {
    KommoNotice.TOKEN_REFUSED: (
        "O Kommo recusou o token da empresa, então nada mais vai para lá nem vem de lá. Crie um token novo no Kommo e conecte de novo.",
        "Kommo refused the company's token, so nothing goes there or comes from there any more. Make a new token in Kommo and connect again.",
    ),
    KommoNotice.BLOCKED: (
        "O Kommo bloqueou nosso acesso por um tempo. Perguntamos de novo de hora em hora, e o que espera continua sozinho.",
        "Kommo blocked our access for a while. We ask again every hour, and what waits goes on by itself.",
    ),
    KommoNotice.UNPAID: (
        "A conta da empresa no Kommo não está paga, então ele não aceita mais nada. Depois do pagamento, o que espera continua sozinho.",
        "The company's Kommo account is not paid, so it takes nothing any more. After the payment what waits goes on by itself.",
    ),
}
"""The same about the connection to Kommo."""
ACCOUNT_SENTENCES: dict[AccountNotice, tuple[str, str]] = {
    AccountNotice.IDENTITY_LINKED: (
        "Uma conta de fora foi vinculada à sua: agora ela também abre a sua conta.",
        "An account elsewhere was linked to yours: it opens your account too now.",
    ),
    AccountNotice.IDENTITY_UNLINKED: (
        "Uma conta de fora foi desvinculada da sua: ela não abre mais a sua conta.",
        "An account elsewhere was unlinked from yours: it no longer opens your account.",
    ),
    AccountNotice.IDENTITY_WITHDRAWN: (
        "Nosso acesso a uma conta de fora foi retirado por lá, então ela não abre mais a sua conta. Sem senha? Peça uma na tela de entrada, em “Esqueceu?”.",
        "Our access to an account elsewhere was taken away there, so it no longer opens your account. No password? Ask for one at sign-in, by “Forgot it?”.",
    ),
    AccountNotice.SECOND_FACTOR_OFF: (
        "A segunda etapa ao entrar foi desligada: agora só a senha abre a sua conta.",
        "The second step at sign-in was turned off: the password alone opens your account now.",
    ),
    AccountNotice.SECOND_FACTOR_TAKEN_OFF: (
        "Quem cuida da instalação desligou a segunda etapa ao entrar: agora só a senha abre a sua conta.",
        "The operator of the installation turned the second step at sign-in off: the password alone opens your account now.",
    ),
}
"""What a person is told about their own account."""


HAPPENED: dict[tuple[NotificationKind, str], str] = {
    (NotificationKind.ASSIGNED, "pt-BR"): "Conversas que agora são suas: {n}",
    (NotificationKind.ASSIGNED, "en"): "Conversations that are yours now: {n}",
    (NotificationKind.WAITS, "pt-BR"): "Conversas que esperam por uma pessoa: {n}",
    (NotificationKind.WAITS, "en"): "Conversations that wait for a person: {n}",
    (NotificationKind.MENTIONED, "pt-BR"): "Notas em que mencionaram você: {n}",
    (NotificationKind.MENTIONED, "en"): "Notes that mention you: {n}",
    (NotificationKind.LEAD, "pt-BR"): "Negócios para os quais um quadro chama você: {n}",
    (NotificationKind.LEAD, "en"): "Leads to which a board calls you: {n}",
    (NotificationKind.RULE_STOPPED, "pt-BR"): "Regras suas que foram interrompidas: {n}",
    (NotificationKind.RULE_STOPPED, "en"): "Rules of yours that were stopped: {n}",
    (NotificationKind.CAMPAIGN, "pt-BR"): "Campanhas suas que terminaram ou pararam: {n}",
    (NotificationKind.CAMPAIGN, "en"): "Campaigns of yours that ended or stopped: {n}",
    (NotificationKind.IMPORT, "pt-BR"): "Importações suas que terminaram: {n}",
    (NotificationKind.IMPORT, "en"): "Imports of yours that ended: {n}",
}
"""What somebody chose to hear by mail, by kind."""


def happened(told: str, language: str) -> str:
    """`assigned:2 mentioned:1` as lines."""
    counted = [(NotificationKind(kind), n) for kind, _, n in (part.partition(":") for part in told.split())]
    return "".join(HAPPENED[kind, "en" if language == "en" else "pt-BR"].format(n=n) + "\n" for kind, n in counted)


def sentence(code: str, language: str) -> str:
    """Of one code that is mailed."""
    portuguese, english = SENTENCES[N(code)]
    return english if language == "en" else portuguese


def ai_sentence(code: str, language: str) -> str:
    """Of one code about the AI service."""
    portuguese, english = AI_SENTENCES[AiNotice(code)]
    return english if language == "en" else portuguese


def cost_sentence(code: str, language: str) -> str:
    """Of one code about the month's limit of costs."""
    portuguese, english = COST_SENTENCES[CostNotice(code)]
    return english if language == "en" else portuguese


def webhook_sentence(code: str, language: str) -> str:
    """Of one code about webhooks."""
    portuguese, english = WEBHOOK_SENTENCES[WebhookNotice(code)]
    return english if language == "en" else portuguese


def kommo_sentence(code: str, language: str) -> str:
    """Of one code about the connection to Kommo."""
    portuguese, english = KOMMO_SENTENCES[KommoNotice(code)]
    return english if language == "en" else portuguese


def account_sentence(code: str, language: str) -> str:
    """Of one code about a person's own account."""
    portuguese, english = ACCOUNT_SENTENCES[AccountNotice(code)]
    return english if language == "en" else portuguese
