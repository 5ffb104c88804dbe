"""Templates that are changed, over the real client against the real sandbox."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple
from uuid import UUID, uuid4

import asyncpg
import httpx
import msgspec
import pytest

from db import blobs
from db.campaigns import actions, lifecycle
from db.campaigns.queries import campaign as campaign_of
from db.channels import template_edits, template_versions, templates
from db.channels.enums import TemplateCategory, TemplateStatus
from db.channels.events import TemplatesChanged
from db.channels.queries import template as template_view
from db.clock import now
from db.errors import Conflict, Invalid
from db.events import Event
from db.jobs import SendFile, SubmitTemplate, SyncTemplates
from db.messages import uploads
from db.messages.enums import MessageState
from db.messages.render import Binding
from db.permissions import Permission
from db.providers.definition import DraftButton
from db.tenancy import Actor, worker
from db.work import Work, work
from tests import factories
from tests.workers.test_channels import DRAFT, Outside, until
from tests.workers.test_channels import outside as outside
from workers.media.outgoing import OutgoingFiles
from workers.outgoing import Sender
from workers.sending import Lanes

PNG = b"\x89PNG\r\n\x1a\n" + bytes(60)


async def pieces(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def test_a_refused_template_is_mended_with_a_picture(
    outside: Outside, owner: Actor, owner_db: asyncpg.Connection, tmp_path: Path
) -> None:
    blobs.connect(msgspec.structs.replace(outside.settings, data_dir=tmp_path, s3_bucket=""))
    view = await outside.connect(owner)
    refused = DRAFT._replace(name="mendada", body="Oi {{1}}, veja https://bit.ly/x em {{2}}!")
    template_id = (await templates.create(owner, view.id, refused)).id
    await outside.templates.submit_template(owner.company_id, SubmitTemplate(template_id=template_id, verb="create"))

    async def is_in(status: TemplateStatus) -> bool:
        return (await template_view(owner, template_id)).status is status

    await until(owner.company_id, lambda: is_in(TemplateStatus.REJECTED))
    assert (await template_view(owner, template_id)).rejected_reason == "SCAM"
    picture = (await uploads.upload(owner, "a.png", "image/png", pieces(PNG), quota=10_000)).id
    mended = DRAFT._replace(header=None, header_example=None)
    changed = await template_edits.edit(owner, template_id, mended, picture)
    assert (changed.status, changed.components[0], changed.name) == ("pending", {"type": "HEADER", "format": "IMAGE"}, "mendada")
    await outside.templates.sync_templates(owner.company_id, SyncTemplates(channel_id=view.id))
    assert (await template_view(owner, template_id)).components == changed.components, "a sync undoes no change that was not sent"
    job = SubmitTemplate(template_id=template_id, verb="edit")
    await outside.templates.submit_template(owner.company_id, job)
    await until(owner.company_id, lambda: is_in(TemplateStatus.APPROVED))
    await outside.templates.submit_template(owner.company_id, job)  # a second run does nothing
    await outside.templates.sync_templates(owner.company_id, SyncTemplates(channel_id=view.id))
    assert "header_handle" in (await template_view(owner, template_id)).components[0]["example"]
    found = await template_versions.versions(owner, template_id)
    assert [(one.number, one.status, one.reason) for one in found] == [(2, "approved", None), (1, "rejected", "SCAM")]
    await owner_db.execute(
        "update message_file set created_at = now() - interval '2 days' where company_id = $1", owner.company_id
    )
    await uploads.forget_untaken(owner.company_id)
    assert await owner_db.fetchval("select state from message_file where id = $1", picture) == "stored", "as long as the template"
    with pytest.raises(Conflict) as often:
        await template_edits.edit(owner, template_id, mended._replace(body="Oi {{1}}, chegou de {{2}}!"), picture)
    assert often.value.code == "template_edited_often"


async def test_a_change_that_whatsapp_does_not_take_is_put_back(
    outside: Outside, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    view = await outside.connect(owner)
    template_id = (await templates.create(owner, view.id, DRAFT)).id
    before = await template_view(owner, template_id)
    await owner_db.execute("update template set status = 'approved', external_id = '404' where id = $1", template_id)
    await template_edits.edit(owner, template_id, DRAFT._replace(body="Oi {{1}}, mudou em {{2}}!"))
    await outside.templates.submit_template(owner.company_id, SubmitTemplate(template_id=template_id, verb="edit"))
    after = await template_view(owner, template_id)
    assert (after.status, after.components) == (TemplateStatus.APPROVED, before.components)
    assert after.problem


async def review(outside: Outside, channel_id: UUID, name: str, event: str) -> None:
    async with httpx.AsyncClient(timeout=60) as http:
        url = f"{outside.settings.sandbox_url}/sandbox/accounts/{channel_id.hex}/template-review"
        answer = await http.post(url, json={"name": name, "language": "pt_BR", "event": event})
        assert answer.is_success, answer.text


async def test_a_paused_template_goes_again_when_whatsapp_is_asked_and_lets_it(outside: Outside, owner: Actor) -> None:
    view = await outside.connect(owner)
    draft = DRAFT._replace(name=f"pausado_{uuid4().hex[:6]}", lifetime=86_400)
    template_id = (await templates.create(owner, view.id, draft)).id
    await outside.templates.submit_template(owner.company_id, SubmitTemplate(template_id=template_id, verb="create"))

    async def is_in(status: TemplateStatus) -> bool:
        return (await template_view(owner, template_id)).status is status

    await until(owner.company_id, lambda: is_in(TemplateStatus.APPROVED))
    await review(outside, view.id, draft.name, "PAUSED")
    await until(owner.company_id, lambda: is_in(TemplateStatus.PAUSED))
    await template_edits.unpause(owner, template_id)
    job = SubmitTemplate(template_id=template_id, verb="unpause")
    await outside.templates.submit_template(owner.company_id, job)
    await outside.templates.sync_templates(owner.company_id, SyncTemplates(channel_id=view.id))
    found = await template_view(owner, template_id)
    assert (found.status, found.lifetime) == (TemplateStatus.APPROVED, 86_400), "as the provider lists it"
    with pytest.raises(Conflict):
        await template_edits.unpause(owner, template_id)
    await outside.templates.submit_template(owner.company_id, job)  # a second run does nothing


async def test_what_whatsapp_says_to_a_template_that_stays_paused_is_told(
    outside: Outside, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    view = await outside.connect(owner)
    template_id = (await templates.create(owner, view.id, DRAFT._replace(name=f"parado_{uuid4().hex[:6]}"))).id
    await owner_db.execute("update template set status = 'paused', external_id = '404' where id = $1", template_id)
    await template_edits.unpause(owner, template_id)
    await outside.templates.submit_template(owner.company_id, SubmitTemplate(template_id=template_id, verb="unpause"))
    found = await template_view(owner, template_id)
    assert found.status is TemplateStatus.PAUSED
    assert found.problem


@pytest.mark.parametrize("kind", ["catalog", "products", "flow"])
async def test_buttons_to_the_catalogue_and_to_flows_are_sent_as_whatsapp_wants_them(
    outside: Outside, owner: Actor, owner_db: asyncpg.Connection, kind: str
) -> None:
    view = await outside.connect(owner)
    button = DraftButton(kind, "Agendar" if kind == "flow" else "", flow_id="1234567890" if kind == "flow" else None)
    draft = DRAFT._replace(
        name=f"{kind}_{uuid4().hex[:6]}", category=TemplateCategory.MARKETING, header="Novidades", header_example=None, footer=None,
        quick_replies=[], url_button=None, buttons=(button,),
    )  # fmt: skip
    template_id = (await templates.create(owner, view.id, draft)).id
    await outside.templates.submit_template(owner.company_id, SubmitTemplate(template_id=template_id, verb="create"))

    async def approved() -> bool:
        return (await template_view(owner, template_id)).status is TemplateStatus.APPROVED

    await until(owner.company_id, approved)
    await factories.contacts(owner_db, owner, 2)
    campaign_id = await factories.campaign(owner_db, owner, view.id)
    bindings = [Binding("1", "first_name", "cliente"), Binding("2", "constant", "maio")]
    if kind != "flow":
        value = "sku-1" if kind == "catalog" else "Verão: sku-1, sku-2; Praia: sku-3"
        bindings.append(Binding(f"button.0.{'product' if kind == 'catalog' else kind}", "constant", value))
    await actions.edit(owner, campaign_id, {"template_id": template_id, "bindings": bindings})
    await actions.launch(owner, campaign_id, None)
    await lifecycle.prepare(owner.company_id, campaign_id)
    lanes = Lanes(outside.settings, Sender(outside.settings, outside.wire))
    for _ in range(3):
        await lanes.run(owner.company_id, view.id, 0)
        await lanes.drain()
    rows = await owner_db.fetch("select reason, code from message where campaign_id = $1 and sent_at is null", campaign_id)
    assert [tuple(row) for row in rows] == []


class Head(NamedTuple):
    """A campaign of the simulator whose template begins with a picture, and the lanes that send it."""

    outside: Outside
    owner: Actor
    channel_id: UUID
    campaign_id: UUID
    lanes: Lanes

    async def hand_over(self) -> None:
        """What the round of campaigns asks for."""
        await lifecycle.reconcile()
        file_id = (await campaign_of(self.owner, self.campaign_id))["header_file_id"]
        await OutgoingFiles(self.outside.settings, self.outside.wire).send(self.owner.company_id, SendFile(file_id=file_id))

    async def send(self) -> None:
        for _ in range(3):  # as the poller wakes it
            await self.lanes.run(self.owner.company_id, self.channel_id, 0)
            await self.lanes.drain()


@pytest.fixture
async def head(outside: Outside, owner: Actor, owner_db: asyncpg.Connection, tmp_path: Path) -> Head:
    blobs.connect(msgspec.structs.replace(outside.settings, data_dir=tmp_path, s3_bucket=""))
    view = await outside.connect(owner)
    picture = (await uploads.upload(owner, "a.png", "image/png", pieces(PNG), quota=10_000)).id
    draft = DRAFT._replace(name=f"foto_{uuid4().hex[:6]}", header=None, header_example=None, url_button=None)
    template_id = (await templates.create(owner, view.id, draft, picture)).id
    await outside.templates.submit_template(owner.company_id, SubmitTemplate(template_id=template_id, verb="create"))

    async def approved() -> bool:
        return (await template_view(owner, template_id)).status is TemplateStatus.APPROVED

    await until(owner.company_id, approved)
    await factories.contacts(owner_db, owner, 3)
    campaign_id = await factories.campaign(owner_db, owner, view.id)
    bindings = [Binding("1", "first_name", "cliente"), Binding("2", "constant", "maio")]
    changed = await actions.edit(owner, campaign_id, {"template_id": template_id, "bindings": bindings})
    assert changed["header_file_id"] == picture, "the one that it was reviewed with, until another is chosen"
    await actions.launch(owner, campaign_id, None)
    await lifecycle.prepare(owner.company_id, campaign_id)
    return Head(outside, owner, view.id, campaign_id, Lanes(outside.settings, Sender(outside.settings, outside.wire)))


_STATES = "select state, count(*)::int as n from message where campaign_id = $1 and state <> 0 group by 1 order by 1"


async def states(db: asyncpg.Connection, campaign_id: UUID) -> dict[str, int]:
    return {MessageState(row["state"]).label: row["n"] for row in await db.fetch(_STATES, campaign_id)}


async def test_a_campaign_waits_for_its_picture_and_sends_it_again_when_it_was_forgotten(
    head: Head, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    await head.send()
    assert await states(owner_db, head.campaign_id) == {}, "nothing goes before the provider has the file"
    await head.hand_over()
    first = await owner_db.fetchval("select media from handed_file where company_id = $1", owner.company_id)
    await owner_db.execute(
        "update handed_file set media_until = now() + interval '1 hour' where company_id = $1", owner.company_id
    )
    await head.send()
    assert await states(owner_db, head.campaign_id) == {}, "it may be forgotten there before a message comes to it"
    await head.hand_over()
    assert first != await owner_db.fetchval("select media from handed_file where company_id = $1", owner.company_id)
    await head.send()
    assert sum((await states(owner_db, head.campaign_id)).values()) == 3
    assert (
        await owner_db.fetchval("select count(*) from message where company_id = $1 and reason is not null", owner.company_id)
        == 0
    )
    await owner_db.execute(
        "update message_file set created_at = now() - interval '2 days' where company_id = $1", owner.company_id
    )
    await owner_db.execute("update template set sample_file_id = null where company_id = $1", owner.company_id)
    await uploads.forget_untaken(owner.company_id)
    assert (
        await owner_db.fetchval("select count(*) from message_file where state = 'stored' and company_id = $1", owner.company_id)
        == 1
    ), "as long as the campaign"


async def test_a_picture_that_the_provider_lost_pauses_the_campaign(
    head: Head, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    await head.hand_over()
    await owner_db.execute("update handed_file set media = '404' where company_id = $1", owner.company_id)
    await head.send()
    row = await owner_db.fetchrow("select state, state_reason from campaign where id = $1", head.campaign_id)
    assert row is not None
    assert tuple(row) == ("paused", "media")
    await actions.resume(owner, head.campaign_id)
    await actions.retry_failed(owner, head.campaign_id, ["media"], include_unknown=False)
    await head.hand_over()
    await head.send()
    assert sum((await states(owner_db, head.campaign_id)).values()) == 3


async def test_a_test_of_a_picture_waits_for_it_too(head: Head, owner: Actor, owner_db: asyncpg.Connection) -> None:
    await actions.pause(owner, head.campaign_id)
    (test,) = await actions.test_send(owner, head.campaign_id, ["+5511977776666"], "A")
    await head.send()
    assert await owner_db.fetchval("select tries from message where id = $1", test) == 0
    file_id = await owner_db.fetchval("select file_id from handed_file where company_id = $1", owner.company_id)
    await OutgoingFiles(head.outside.settings, head.outside.wire).send(owner.company_id, SendFile(file_id=file_id))
    await owner_db.execute("update message set next_at = now() where id = $1", test)
    await head.send()
    state = await owner_db.fetchval("select state from message where id = $1", test)
    assert MessageState(state).label in {"sent", "delivered", "read"}


async def test_a_file_of_another_form_or_of_a_stranger_is_refused(head: Head, owner: Actor, owner_db: asyncpg.Connection) -> None:
    copy = (await actions.clone(owner, head.campaign_id))["id"]
    pdf = (await uploads.upload(owner, "a.pdf", "application/pdf", pieces(b"%PDF-1.4\n" + bytes(60)), quota=10_000)).id
    await actions.edit(owner, copy, {"header_file_id": pdf})
    with pytest.raises(Conflict) as refused:
        await actions.launch(owner, copy, None)
    assert [one.code for one in refused.value.fields] == ["campaign_header_file"]
    with pytest.raises(Invalid):
        await actions.edit(owner, copy, {"header_file_id": uuid4()})
    assert (await actions.edit(owner, copy, {"template_id": None}))["header_file_id"] is None


async def test_who_waits_for_a_review_is_told_and_a_move_of_the_category_is_kept(
    outside: Outside, owner: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = await outside.connect(owner)
    template_id = (await templates.create(owner, view.id, DRAFT._replace(name="espera"))).id
    await owner_db.execute("update template set external_id = '77' where id = $1", template_id)
    draft = await factories.campaign(owner_db, owner, view.id, template_id)
    told: list[Event] = []
    monkeypatch.setattr(Work, "emit", lambda _work, event: told.append(event))
    async with work(worker(owner.company_id), Permission.TEMPLATES_WRITE) as w:
        await templates.apply_news(w, "77", at=now(), event="APPROVED")
        await templates.apply_news(w, "77", at=now(), category="UTILITY")
        await templates.apply_news(w, "77", at=now(), event="APPROVED")
    reviewed = [one for one in told if isinstance(one, TemplatesChanged) and one.reviewed]
    assert [(one.reviewed, one.name, one.campaign_id) for one in reviewed] == [("approved", "espera", draft)], "once"
    now_is = await template_view(owner, template_id)
    assert (now_is.category, now_is.category_was) == (TemplateCategory.UTILITY, TemplateCategory.MARKETING)
