"""What needs attention, in words, and where each line leads."""

from typing import Any
from uuid import UUID

import pytest

from api.contract.home import Attention, FailedJob
from ui.pages.home.attention import _sentence

ID = UUID(int=7)


@pytest.mark.parametrize("job", list(FailedJob))
def test_work_that_was_given_up_leads_to_where_it_is_done_again(job: FailedJob) -> None:
    what, todo, path = _sentence(Attention(code="job_failed", subject_id=ID, subject="Loja Aurora", detail=job.value))
    assert what
    assert todo
    places = {"/templates", "/contacts", f"/channels/{ID}", f"/imports/{ID}", f"/boards/{ID}/settings"}
    assert path.partition("?")[0] in places


def test_those_who_wait_too_long_are_counted() -> None:
    one, many, most = [
        _sentence(Attention(code="late_answers", subject_id=ID, subject="Loja", count=count)) for count in (1, 12, 1000)
    ]
    assert one == ("1 pessoa espera resposta há tempo demais", "Responder", "/inbox?view=waiting")
    assert many[0] == "12 pessoas esperam resposta há tempo demais"
    assert most[0].startswith("1.000+ pessoas")


@pytest.mark.parametrize(
    ("code", "detail", "count", "what"),
    [
        ("ai_stopped", "no_credit", None, "A IA parou: sem crédito no provedor"),
        ("ai_stopped", "key_refused", None, "A IA parou: a chave foi recusada"),
        ("ai_stopped", "failed", None, "O serviço de IA falhou no último teste"),
        ("ai_budget", "month", 83, "83% do orçamento de IA já foram gastos"),
        ("ai_budget", "month", 100, "O orçamento de IA acabou"),
        ("ai_model_ends", "ending", None, "O modelo de IA gpt-4o termina em breve"),
        ("ai_model_ends", "retired", None, "O modelo de IA gpt-4o foi desligado"),
    ],
)
def test_what_is_wrong_with_the_ai_leads_to_its_settings(code: Any, detail: str, count: int | None, what: str) -> None:
    said, _, path = _sentence(Attention(code=code, subject_id=ID, subject="gpt-4o", detail=detail, count=count))
    assert said == what
    assert path.startswith("/settings/ai")


def test_a_test_that_waits_leads_to_its_campaign() -> None:
    what, todo, path = _sentence(Attention(code="trial_waits", subject_id=ID, subject="Natal"))
    assert (what, todo, path) == ("Natal espera por você: qual texto os outros recebem?", "Escolher o texto", f"/campaigns/{ID}")
