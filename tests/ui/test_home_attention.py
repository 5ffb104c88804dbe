"""What needs attention, in words, and where each line leads."""

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
