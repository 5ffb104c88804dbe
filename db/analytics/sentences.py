"""What changed, in at most three sentences of a closed list, in both languages: the same figures always say the same."""

from babel import numbers

from db.analytics.enums import Cause
from db.analytics.summary import Change, Summary
from db.messages.reasons import FailureReason

_SAID: dict[str, tuple[str, str]] = {
    "sent": ("Mensagens enviadas", "Messages sent"),
    "delivered": ("Mensagens entregues", "Messages delivered"),
    "replied": ("Mensagens respondidas", "Messages answered"),
    "failed": ("Mensagens que falharam", "Messages that failed"),
    "received": ("Mensagens recebidas", "Messages received"),
    "opened": ("Conversas abertas", "Conversations opened"),
    "closed": ("Conversas fechadas", "Conversations closed"),
    "closed_alone": ("Conversas que o assistente fechou sozinho", "Conversations that the assistant closed alone"),
    "handed": ("Conversas passadas para pessoas", "Conversations handed to people"),
    "leads": ("Negócios novos", "New leads"),
    "up": (
        "{name}: alta de {share}, com {now} nestes {days} dias e {before} nos {days} anteriores.",
        "{name} went up by {share}: {now} in these {days} days, {before} in the {days} before.",
    ),
    "down": (
        "{name}: queda de {share}, com {now} nestes {days} dias e {before} nos {days} anteriores.",
        "{name} went down by {share}: {now} in these {days} days, {before} in the {days} before.",
    ),
    "new": (
        "{name}: {now} nestes {days} dias, nenhuma nos {days} anteriores.",
        "{name}: {now} in these {days} days, none in the {days} before.",
    ),
    "nothing": ("Nenhum número mudou mais do que o acaso faz mudar.", "No figure changed by more than chance makes."),
    "campaign": (
        "Pode ser por causa da campanha “{name}”, que começou nestes dias e foi para {people} pessoas.",
        "It may be because of the campaign “{name}”, which started in these days and went to {people} people.",
    ),
    "reason": ("A maioria falhou por este motivo: {name} ({people}).", "Most of them failed for this reason: {name} ({people})."),
    "channel": (
        "A maior parte da mudança está no canal “{name}”: {people} depois de {before}.",
        "Most of the change is on the channel “{name}”: {people} after {before}.",
    ),
}
"""Portuguese and English: names of figures, and the sentences."""
REASONS: dict[FailureReason, tuple[str, str]] = {
    FailureReason("not_on_whatsapp"): ("Número sem WhatsApp", "Number without WhatsApp"),
    FailureReason("invalid_number"): ("O número não existe", "Number does not exist"),
    FailureReason("own_number"): ("É o seu próprio número", "It is your own number"),
    FailureReason("landline"): ("Telefone fixo", "Landline"),
    FailureReason("unreachable"): ("Telefone desligado ou sem sinal", "Phone off or out of reach"),
    FailureReason("opted_out"): ("Pediu para não receber", "Asked for no more messages"),
    FailureReason("business_blocked_user"): ("Bloqueado pela sua empresa", "Blocked by your company"),
    FailureReason("blocked"): ("A pessoa ou a operadora bloqueia você", "The person or the carrier blocks you"),
    FailureReason("identity_changed"): ("A pessoa trocou de aparelho", "The person changed phones"),
    FailureReason("phone_needed"): ("Sem número de telefone", "No phone number known"),
    FailureReason("country_blocked"): ("País não permitido", "Country not allowed"),
    FailureReason("experiment"): ("Deixado de fora pelo WhatsApp", "Left out by WhatsApp"),
    FailureReason("marketing_cap"): ("Já recebeu marketing demais", "Got enough marketing for now"),
    FailureReason("test_recipient"): ("Número não confirmado", "Number not confirmed"),
    FailureReason("window_closed"): ("Mais de 24 horas sem resposta", "More than 24 hours without an answer"),
    FailureReason("call_unanswered"): ("Ninguém atendeu a ligação", "Nobody answered the call"),
    FailureReason("call_busy"): ("A linha estava ocupada", "The line was busy"),
    FailureReason("call_refused"): ("A pessoa recusou a ligação", "The person refused the call"),
    FailureReason("call_machine"): ("Uma máquina atendeu a ligação", "A machine answered the call"),
    FailureReason("template_missing"): ("Modelo não encontrado", "Template not found"),
    FailureReason("template_paused"): ("Modelo pausado", "Template paused"),
    FailureReason("template_disabled"): ("Modelo desativado", "Template switched off"),
    FailureReason("template_parameters"): ("Uma variável estava vazia ou errada", "A variable was empty or wrong"),
    FailureReason("template_policy"): ("Modelo fora das regras", "Template against the rules"),
    FailureReason("template_invalid"): ("Modelo recusado", "Template refused"),
    FailureReason("template_category"): ("Modelo na categoria errada", "Template in the wrong category"),
    FailureReason("flow_blocked"): ("O formulário do modelo está bloqueado", "The form of the template is blocked"),
    FailureReason("media"): ("Imagem ou arquivo não aceito", "Picture or file not accepted"),
    FailureReason("too_long"): ("Texto longo demais", "Text too long"),
    FailureReason("unsupported"): ("Tipo de mensagem não aceito", "Kind of message not supported"),
    FailureReason("bad_request"): ("O provedor não entendeu", "The provider did not understand it"),
    FailureReason("change_too_late"): ("Tarde demais para mudar", "Too late to change it"),
    FailureReason("token_invalid"): ("Acesso vencido", "Access expired"),
    FailureReason("permission"): ("Faltam permissões", "Rights are missing"),
    FailureReason("payment"): ("Problema de pagamento", "Payment problem"),
    FailureReason("account_locked"): ("Conta bloqueada", "Account locked"),
    FailureReason("number_not_registered"): ("Número não registrado", "Number not registered"),
    FailureReason("display_name"): ("Nome de exibição não aprovado", "Display name not approved"),
    FailureReason("sender_invalid"): ("Este remetente não pode enviar", "This sender cannot send it"),
    FailureReason("sender_unregistered"): ("Falta o registro", "Registration is missing"),
    FailureReason("marketing_api"): ("Serviço de marketing indisponível", "Marketing service not ready"),
    FailureReason("spam_rate"): ("Reclamações demais", "Too many complaints"),
    FailureReason("carrier_filtered"): ("A operadora achou que era spam", "The carrier took it for spam"),
    FailureReason("session_ended"): ("O celular encerrou a conexão", "The phone ended the connection"),
    FailureReason("session_elsewhere"): ("O número foi aberto em outro lugar", "The number was opened elsewhere"),
    FailureReason("client_outdated"): ("O WhatsApp pede uma versão mais nova", "WhatsApp asks for a newer version"),
    FailureReason("new_people_limit"): ("Pessoas novas demais para este número", "Too many new people for this number"),
    FailureReason("pair_rate"): ("Mensagens demais para a mesma pessoa", "Too many messages to one person"),
    FailureReason("quiet_hours"): ("Fora do horário em que você escreve", "Outside of the hours in which you write"),
    FailureReason("spend_cap"): ("O limite de custo foi atingido", "The limit of costs is reached"),
    FailureReason("price_unknown"): (
        "Há um limite de custo, e o preço para a pessoa não é conhecido",
        "There is a limit of costs, and the price for the person is not known",
    ),
    FailureReason("call_limit"): (
        "A pessoa está em uma ligação, ou já recebeu o máximo de ligações permitido",
        "A call to them goes on, or they were called as often as is allowed",
    ),
    FailureReason("warm_up"): (
        "O número é novo: as pessoas novas do dia já foram alcançadas",
        "The number is young: the day's new people are reached",
    ),
    FailureReason("throughput"): ("Enviado rápido demais", "Sent too fast"),
    FailureReason("api_rate"): ("Limite por hora atingido", "Hourly limit reached"),
    FailureReason("queue_full"): ("A fila do provedor está cheia", "The provider's queue is full"),
    FailureReason("temporary"): ("Problema passageiro no provedor", "Passing problem at the provider"),
    FailureReason("network"): ("Provedor fora do ar", "Provider out of reach"),
    FailureReason("provider_outage"): ("Provedor fora do ar", "Provider is down"),
    FailureReason("call_ended"): ("A ligação já tinha acabado", "The call was over"),
    FailureReason("call_fault"): ("A ligação caiu", "The call broke off"),
    FailureReason("cancelled_by_provider"): ("Cancelado pelo provedor", "Cancelled by the provider"),
    FailureReason("discarded"): ("Descartada após restauração", "Discarded after a restore"),
    FailureReason("unknown_outcome"): ("Sem resultado", "Without a result"),
}
"""Names of reasons; a test holds them against those of the screens."""
_NAMES = {key.value: names for key, names in REASONS.items()}
_WEEK = ("sete", "seven")


def sentences(found: Summary, language: str) -> list[str]:
    """At most three: the two changes, and why the first may have come."""
    place, locale = (1, "en_US") if language == "en" else (0, "pt_BR")

    def number(n: int) -> str:
        return str(numbers.format_decimal(n, "#,##0", locale))

    days = _WEEK[place] if found.period.days == 7 else str(found.period.days)

    def change(one: Change) -> str:
        name = _SAID[one.counted.value][place]
        if not one.before:
            return _SAID["new"][place].format(name=name, now=number(one.now), days=days)
        share = str(numbers.format_percent(abs(one.now - one.before) / one.before, "#,##0%", locale))
        said = _SAID["up" if one.now > one.before else "down"][place]
        return said.format(name=name, share=share, now=number(one.now), before=number(one.before), days=days)

    made = [change(one) for one in found.changes]
    if not made:
        return [_SAID["nothing"][place]]
    if found.why is not None:
        why = found.why
        name = _NAMES[why.name][place] if why.cause is Cause.REASON and why.name in _NAMES else why.name
        made.append(_SAID[why.cause.value][place].format(name=name, people=number(why.people), before=number(why.before)))
    return made
