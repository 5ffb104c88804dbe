"""Reports by mail: planned once for each period, sent once although workers die, with the rights of each reader, and stopped by a link."""

import email
import email.policy
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import aiosmtplib
import asyncpg
import pytest

from db.analytics import report_mails, reports
from db.analytics.enums import ReportMailState, ReportRhythm
from db.analytics.report_mails import ToSend
from db.analytics.reports import ReportSet, days_of, sends_on
from db.errors import NotFound
from db.jobs import MailReport
from db.permissions import Role
from db.settings import Settings
from db.tenancy import Actor
from tests import factories
from tests.api.conftest import make_member
from workers.figures import job
from workers.figures.content import gather
from workers.figures.html import html, plain
from workers.figures.pdf import pdf
from workers.figures.words import SAID
from workers.runtime import Cancel, Retry

ZONE = "America/Sao_Paulo"


async def _due(db: asyncpg.Connection, owner: Actor, *readers: Actor, rhythm: ReportRhythm = ReportRhythm.WEEKLY) -> UUID:
    given = ReportSet("Toda segunda", rhythm, 1, 8, None, True, [one.id for one in readers if one.id])
    report_id = (await reports.add(owner, given)).id
    await db.execute("update figure_report set next_at = now() - interval '1 minute' where id = $1", report_id)
    return report_id


async def _mails(db: asyncpg.Connection, owner: Actor) -> list[asyncpg.Record]:
    return await db.fetch(
        "select id, user_id, state, reason from figure_report_mail where company_id = $1 order by id", owner.company_id
    )


class Post:
    """In place of the connection to the mail server: what it was handed, and how it answers."""

    def __init__(self) -> None:
        self.taken: list[Any] = []
        self.fails: Exception | None = None
        self.fails_after: Exception | None = None

    async def __call__(self, message: Any, settings: Settings) -> None:
        if self.fails is not None:
            raise self.fails
        self.taken.append(message)
        if self.fails_after is not None:
            raise self.fails_after


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Post:
    found = Post()
    monkeypatch.setattr("workers.mail.hand_over", found)
    return found


def test_when_it_is_sent_and_of_which_days() -> None:
    after = datetime(2026, 2, 10, 15, tzinfo=UTC)  # a Tuesday
    weekly = sends_on(ReportRhythm.WEEKLY, 1, 8, ZONE, after)
    assert weekly.astimezone(UTC) == datetime(2026, 2, 16, 11, tzinfo=UTC)
    assert days_of(ReportRhythm.WEEKLY, weekly, ZONE) == (date(2026, 2, 9), date(2026, 2, 15))
    assert sends_on(ReportRhythm.WEEKLY, 1, 8, ZONE, weekly) == weekly + timedelta(days=7)
    monthly = sends_on(ReportRhythm.MONTHLY, 1, 8, ZONE, after)
    assert monthly.astimezone(UTC) == datetime(2026, 3, 1, 11, tzinfo=UTC)
    assert days_of(ReportRhythm.MONTHLY, monthly, ZONE) == (date(2026, 2, 1), date(2026, 2, 28))


def test_words_are_in_both_languages() -> None:
    assert all(pt and en and pt.count("{") == en.count("{") for pt, en in SAID.values())


async def test_a_period_is_planned_once(owner: Actor, owner_db: asyncpg.Connection) -> None:
    report_id = await _due(owner_db, owner, owner)
    await report_mails.plan_due()
    await report_mails.plan(owner.company_id, report_id)
    assert len(await _mails(owner_db, owner)) == 1
    await owner_db.execute("update figure_report set next_at = now() - interval '1 minute' where id = $1", report_id)  # as before
    await report_mails.plan_due()
    assert len(await _mails(owner_db, owner)) == 1
    assert await owner_db.fetchval("select next_at > now() from figure_report where id = $1", report_id)
    jobs = "select count(*) from job where company_id = $1 and name = 'MailReport'"
    assert await owner_db.fetchval(jobs, owner.company_id) == 1


async def test_of_weeks_that_were_missed_only_the_last_is_sent(owner: Actor, owner_db: asyncpg.Connection) -> None:
    report_id = await _due(owner_db, owner, owner)
    await owner_db.execute("update figure_report set next_at = next_at - interval '21 days' where id = $1", report_id)
    await report_mails.plan_due()
    [run] = await owner_db.fetch("select first_day, last_day from figure_report_run where report_id = $1", report_id)
    assert run["last_day"] >= datetime.now(UTC).date() - timedelta(days=8)
    assert (run["last_day"] - run["first_day"]).days == 6


async def test_a_mail_has_html_and_pdf_and_is_sent_once(
    owner: Actor, owner_db: asyncpg.Connection, post: Post, database: Settings
) -> None:
    await _due(owner_db, owner, owner)
    await report_mails.plan_due()
    [one] = await _mails(owner_db, owner)
    for _ in range(2):
        await job.send_report(owner.company_id, MailReport(mail_id=one["id"]), database)
    [message] = post.taken
    read = email.message_from_bytes(bytes(message), policy=email.policy.default)
    body, text = read.get_body(("html",)), read.get_body(("plain",))
    assert body is not None
    assert text is not None
    assert "Toda segunda" in body.get_content()
    assert "Enviadas: 0" in text.get_content()
    [attached] = read.iter_attachments()
    assert attached.get_content().startswith(b"%PDF")
    assert read["Message-ID"] == f"<report-{one['id']}@{database.mail_from.rpartition('@')[2].strip('>')}>"
    assert (await _mails(owner_db, owner))[0]["state"] == "sent"


async def test_a_worker_that_dies_while_the_server_has_it_leaves_it_unknown(
    owner: Actor, owner_db: asyncpg.Connection, post: Post, database: Settings
) -> None:
    report_id = await _due(owner_db, owner, owner)
    await report_mails.plan_due()
    [one] = await _mails(owner_db, owner)
    assert await report_mails.claim(owner.company_id, one["id"])  # and dies
    assert not await report_mails.claim(owner.company_id, one["id"])
    await job.send_report(owner.company_id, MailReport(mail_id=one["id"]), database)
    assert (post.taken, (await _mails(owner_db, owner))[0]["state"]) == ([], "unknown")
    await job.send_report(owner.company_id, MailReport(mail_id=one["id"]), database)
    assert post.taken == []
    await report_mails.send_again(owner, report_id, one["id"])  # by somebody's decision
    await job.send_report(owner.company_id, MailReport(mail_id=one["id"]), database)
    assert len(post.taken) == 1


@pytest.mark.parametrize(
    ("fails", "after", "raised", "state"),
    [
        (aiosmtplib.SMTPConnectError("no"), False, Retry, "waiting"),
        (aiosmtplib.SMTPResponseException(451, "later"), False, Retry, "waiting"),
        (aiosmtplib.SMTPResponseException(550, "no"), False, Cancel, "failed"),
        (aiosmtplib.SMTPServerDisconnected("gone"), True, Cancel, "unknown"),
        (TimeoutError(), True, Cancel, "unknown"),
    ],
)
async def test_what_the_mail_server_says(
    owner: Actor, owner_db: asyncpg.Connection, post: Post, database: Settings, fails: Exception, after: bool, raised: type[Exception], state: str
) -> None:  # fmt: skip
    await _due(owner_db, owner, owner)
    await report_mails.plan_due()
    [one] = await _mails(owner_db, owner)
    post.fails, post.fails_after = (None, fails) if after else (fails, None)
    with pytest.raises(raised):
        await job.send_report(owner.company_id, MailReport(mail_id=one["id"]), database)
    assert (await _mails(owner_db, owner))[0]["state"] == state


async def test_who_may_see_less_gets_less_and_who_may_see_nothing_gets_none(
    owner: Actor, owner_db: asyncpg.Connection, post: Post, database: Settings
) -> None:
    narrow = await make_member(owner_db, owner, Role.CUSTOM, picked=frozenset({"analytics:read"}))  # type: ignore[arg-type]
    lost = await make_member(owner_db, owner, Role.MANAGER)
    await _due(owner_db, owner, narrow, lost)
    await owner_db.execute("update membership set role = 'agent' where user_id = $1", lost.id)
    await report_mails.plan_due()
    for one in await _mails(owner_db, owner):
        await job.send_report(owner.company_id, MailReport(mail_id=one["id"]), database)
    assert {row["user_id"]: (row["state"], row["reason"]) for row in await _mails(owner_db, owner)} == {
        narrow.id: ("sent", None), lost.id: ("skipped", "no_right"),
    }  # fmt: skip
    [message] = post.taken
    text = message.get_body(("plain",)).get_content()
    assert "Enviadas" in text
    assert "Conversas abertas" not in text


async def test_a_link_stops_it_for_its_reader_alone(
    owner: Actor, owner_db: asyncpg.Connection, post: Post, database: Settings
) -> None:
    other = await make_member(owner_db, owner, Role.MANAGER)
    report_id = await _due(owner_db, owner, owner, other)
    assert owner.id is not None
    given = reports.token(owner.company_id, report_id, owner.id)
    with pytest.raises(NotFound):
        await reports.unsubscribe(given[:-3] + "AAA")
    await report_mails.plan_due()
    await reports.unsubscribe(given)
    await reports.unsubscribe(given)
    for one in await _mails(owner_db, owner):
        await job.send_report(owner.company_id, MailReport(mail_id=one["id"]), database)
    assert [message["To"] for message in post.taken] == [
        await owner_db.fetchval("select email from account_user where id = $1", other.id)
    ]
    [found] = await reports.reports(owner)
    assert {reader.id: reader.off_at is not None for reader in found.readers} == {owner.id: True, other.id: False}
    kept = ReportSet("X", ReportRhythm.WEEKLY, 1, 8, None, True, [owner.id, *([other.id] if other.id else [])])
    assert any(reader.off_at for reader in (await reports.change(owner, report_id, kept)).readers)  # named again, still stopped
    await reports.subscribe(owner, report_id, True)
    assert not any(reader.off_at for reader in (await reports.reports(owner))[0].readers)


async def test_what_people_wrote_is_no_markup(owner: Actor, owner_db: asyncpg.Connection) -> None:
    channel = await factories.channel(owner_db, owner, name="<b>&Loja")
    await owner_db.execute(
        "insert into message(company_id, channel_id, queue_id, address, dedupe_key, state, done_at, reason)"
        " values ($1, $2, $2, '+5511987650000', 'k', 6, now() - interval '2 days', 'not_on_whatsapp')", owner.company_id, channel,
    )  # fmt: skip
    today = datetime.now(UTC).date()
    given = ToSend(
        channel, channel, "<i>Relatório ✓", "A & B", owner, "a@example.com", "pt-BR", None, today - timedelta(days=7), today
    )
    found = await gather(given)
    page = html(found, "https://x/?a=1&b=2", "https://x/stop")
    assert "<b>&Loja" not in page
    assert "&lt;b&gt;&amp;Loja" in page
    assert "&lt;i&gt;" in page
    assert pdf(found).startswith(b"%PDF")
    assert "A & B" in plain(found, "", "https://x", "https://x/stop")
    assert ReportMailState("sent") is ReportMailState.SENT
