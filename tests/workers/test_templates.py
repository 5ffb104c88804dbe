"""Templates that are changed, over the real client against the real sandbox."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import msgspec
import pytest

from db import blobs
from db.channels import template_edits, template_versions, templates
from db.channels.enums import TemplateStatus
from db.channels.queries import template as template_view
from db.errors import Conflict
from db.jobs import SubmitTemplate, SyncTemplates
from db.messages import uploads
from db.tenancy import Actor
from tests.workers.test_channels import DRAFT, Outside, until
from tests.workers.test_channels import outside as outside

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
    await owner_db.execute("update message_file set created_at = now() - interval '2 days'")
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
