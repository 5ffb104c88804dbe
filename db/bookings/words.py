"""What is said to a customer about their appointment, in both languages: written here, never by a model."""

from datetime import datetime

_DAYS = {
    "pt-BR": ("segunda", "terça", "quarta", "quinta", "sexta", "sábado", "domingo"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}


def when(at: datetime, language: str) -> str:
    """`at`: in the zone of the company."""
    if language == "pt-BR":
        return f"{_DAYS['pt-BR'][at.weekday()]}, {at:%d/%m}, às {at:%H:%M}"
    return f"{_DAYS['en'][at.weekday()]}, {at:%Y-%m-%d}, at {at:%H:%M}"


def title(language: str) -> str:
    """Of a lead that is made for an appointment."""
    return "Agendamento" if language == "pt-BR" else "Appointment"


def booked(at: datetime, language: str) -> str:
    return f"Marcado: {when(at, language)}." if language == "pt-BR" else f"Booked: {when(at, language)}."


def moved(at: datetime, language: str) -> str:
    return f"Mudamos para {when(at, language)}." if language == "pt-BR" else f"Moved to {when(at, language)}."


def reminder(at: datetime, language: str) -> str:
    if language == "pt-BR":
        return f"Lembrete do seu horário: {when(at, language)}. Se não puder vir, avise por aqui."
    return f"A reminder of your appointment: {when(at, language)}. If you cannot come, tell us here."


def not_reminded(at: datetime, language: str) -> str:
    """For the colleagues."""
    if language == "pt-BR":
        return f"Lembre o cliente do horário de {when(at, language)}: o canal não aceita uma mensagem nossa agora."
    return f"Remind the customer of the appointment on {when(at, language)}: the channel takes no message from us now."


def cancelled(at: datetime, language: str) -> str:
    return f"Desmarcado: {when(at, language)}." if language == "pt-BR" else f"Cancelled: {when(at, language)}."
