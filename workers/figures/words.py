"""Words of reports by mail, in both languages, as the pages of figures have them; a test holds the names against those of the screens."""

from datetime import date, timedelta
from typing import Final

from babel import dates, numbers

SAID: Final[dict[str, tuple[str, str]]] = {
    "subject": ("{name}: {days}", "{name}: {days}"),
    "span": ("{first} a {last}", "{first} to {last}"),
    "short": ("Em resumo", "In short"),
    "sent": ("Enviadas", "Sent"),
    "delivered": ("Entregues", "Delivered"),
    "read": ("Lidas", "Read"),
    "replied": ("Respondidas", "Replied"),
    "failed": ("Falharam", "Failed"),
    "received": ("Recebidas", "Received"),
    "opened": ("Conversas abertas", "Conversations opened"),
    "closed": ("Conversas fechadas", "Conversations closed"),
    "first_answer": ("Primeira resposta de pessoas", "First answer by people"),
    "spent": ("Gasto", "Spent"),
    "leads": ("Negócios novos", "New leads"),
    "ai_alone": ("Fechadas só pelo assistente", "Closed by the assistant alone"),
    "message_days": ("Mensagens por dia", "Messages by day"),
    "talk_days": ("Conversas por dia", "Conversations by day"),
    "opened_short": ("Abertas", "Opened"),
    "closed_short": ("Fechadas", "Closed"),
    "by_channel": ("Por canal", "By channel"),
    "channel": ("Canal", "Channel"),
    "by_person": ("Por pessoa", "By person"),
    "person": ("Pessoa", "Person"),
    "answered": ("Primeiras respostas", "First answers"),
    "half_within": ("Metade em até", "Half within"),
    "campaigns": ("Campanhas", "Campaigns"),
    "campaign": ("Campanha", "Campaign"),
    "failures": ("Por que mensagens falharam", "Why messages failed"),
    "reason": ("Motivo", "Reason"),
    "messages": ("Mensagens", "Messages"),
    "before": ("antes: {value}", "before: {value}"),
    "new": ("novo", "new"),
    "open": ("Abrir no painel", "Open the figures"),
    "foot": (
        "Você recebe este e-mail porque alguém de “{company}” escolheu você para este relatório. Comparado com os {days} dias anteriores.",
        "You get this mail because somebody of “{company}” chose you for this report. Compared with the {days} days before.",
    ),
    "stop": ("Não quero mais este e-mail", "Stop this mail"),
    "deleted": ("Excluído", "Deleted"),
    "left": ("Saiu da equipe", "Left the team"),
    "plain": ("Os números estão no PDF anexo e aqui:", "The figures are in the attached PDF and here:"),
}


class Words:
    """In one language: words, numbers, money, times."""

    def __init__(self, language: str) -> None:
        self._place, self.locale = (1, "en_US") if language == "en" else (0, "pt_BR")

    def __call__(self, key: str, **values: str) -> str:
        return SAID[key][self._place].format(**values)

    def number(self, n: float) -> str:
        return str(numbers.format_decimal(n, "#,##0", self.locale))

    def share(self, part: float, of: float) -> str:
        return str(numbers.format_percent(part / of, "#,##0%", self.locale)) if of else "–"

    def money(self, micro: int, currency: str) -> str:
        return str(numbers.format_currency(micro / 1_000_000, currency, locale=self.locale))

    def day(self, day: date) -> str:
        return str(dates.format_date(day, "short" if self._place == 0 else "MMM d, y", locale=self.locale))

    def short_day(self, day: date) -> str:
        return str(dates.format_skeleton("Md", day, locale=self.locale))

    def took(self, seconds: float | None) -> str:
        if seconds is None:
            return "–"
        whole = max(1, round(seconds))
        for size, sign in ((86400, "d"), (3600, "h"), (60, "min")):
            if whole >= size:
                rest, below = divmod(whole, size)[1], {"d": (3600, "h"), "h": (60, "min"), "min": (0, "")}[sign]
                more = f" {rest // below[0]} {below[1]}" if below[0] and rest // below[0] else ""
                return f"{whole // size} {sign}{more}"
        return f"{whole} s"

    def change(self, now: float, before: float) -> str:
        if not before:
            return self("new") if now else ""
        share = (now - before) / before
        return str(numbers.format_percent(share, "+#,##0%;-#,##0%", self.locale)) if round(share, 2) else ""


def days_between(first: date, last: date) -> int:
    return (last - first) // timedelta(days=1) + 1
