"""A campaign over a number by QR code says how to get no more of it."""

import asyncpg
import msgspec
import pytest

from db.campaigns import actions, preflight
from db.campaigns.check import SAME, frozen_content, load_draft, problems
from db.campaigns.errors import CampaignField
from db.contacts.opt_out import intent, words
from db.messages.render import TextContent
from db.messages.ways_out import LINES, says, with_line
from db.permissions import Permission
from db.tenancy import Actor
from db.work import read
from tests import factories


@pytest.mark.parametrize(
    ("text", "language", "ends"),
    [
        ("Oi!", "pt-BR", "Oi!\n\nResponda SAIR para não receber mais."),
        ("Hi!\n", "en", "Hi!\n\nReply STOP to get no more messages."),
        ("Oi! Para sair, responda Sair.", "pt-BR", "Oi! Para sair, responda Sair."),
        ("Vamos sairemos", "pt-BR", "Vamos sairemos\n\nResponda SAIR para não receber mais."),
        ("Pare de pagar caro", "pt-BR", "Pare de pagar caro\n\nResponda SAIR para não receber mais."),
        ("Eles vão sair de linha", "pt-BR", "Eles vão sair de linha\n\nResponda SAIR para não receber mais."),
        ('Envie "*SAIR*" e pronto', "pt-BR", 'Envie "*SAIR*" e pronto'),
        ("Digite a palavra PARAR", "pt-BR", "Digite a palavra PARAR"),
        ("Responda com “Sair”", "pt-BR", "Responda com “Sair”"),
        ("Text “STOP” to end", "en", "Text “STOP” to end"),
        ("  ", "pt-BR", "  "),
    ],
)
def test_the_line_stands_where_the_text_has_none(text: str, language: str, ends: str) -> None:
    assert with_line(text, language) == ends


async def test_what_the_lines_ask_for_is_heard(owner: Actor) -> None:
    async with read(owner, Permission.CONTACTS_READ) as r:
        known = await words(r, owner.company_id)
    for line in LINES.values():
        assert says(line)
        word = next(word for word in line.split() if word.isupper())
        assert intent(word, known) == "out"


@pytest.mark.parametrize(
    ("kind", "plan", "has"),
    [("whatsapp_qr", "{}", True), ("whatsapp_qr", '{"opt_out_line": false}', False), ("sms", "{}", False)],
)
async def test_it_goes_with_what_a_launch_sends(
    owner_db: asyncpg.Connection, owner: Actor, kind: str, plan: str, has: bool
) -> None:
    channel = await factories.channel(owner_db, owner, kind)
    await factories.contacts(owner_db, owner, 1)
    await owner_db.execute(
        "insert into consent_entry(company_id, contact_id, allowed, source, by_kind) select company_id, id, true, 'import', 'user' from contact"
        " where company_id = $1",
        owner.company_id,
    )
    campaign = await factories.campaign(owner_db, owner, channel, body="Oi, {{first_name|você}}!", settings=plan)
    async with read(owner, Permission.CAMPAIGNS_READ) as r:
        content = frozen_content(await load_draft(r, campaign))
    assert isinstance(content, TextContent)
    assert says(content.body) is has
    shown = (await preflight.preflight(owner, campaign)).samples[0].body
    assert says(shown) is has
    await actions.launch(owner, campaign, None)
    kept = await owner_db.fetchval("select content::text from campaign where id = $1", campaign)
    assert says(msgspec.json.decode(kept)["body"]) is has


@pytest.mark.parametrize(
    ("kind", "body", "people", "refused"),
    [
        ("whatsapp_qr", "Hoje tem promoção!", SAME + 1, True),
        ("whatsapp_qr", "Hoje tem promoção!", SAME, False),
        ("whatsapp_qr", "Oi {{first_name|você}}, hoje tem promoção!", SAME + 1, False),
        ("sms", "Hoje tem promoção!", SAME + 1, False),
    ],
)
async def test_a_number_by_qr_code_does_not_say_the_same_words_to_many(
    owner_db: asyncpg.Connection, owner: Actor, kind: str, body: str, people: int, refused: bool
) -> None:
    channel = await factories.channel(owner_db, owner, kind)
    await factories.contacts(owner_db, owner, people)
    await owner_db.execute(
        "insert into consent_entry(company_id, contact_id, allowed, source, by_kind) select company_id, id, true, 'import', 'user' from contact"
        " where company_id = $1",
        owner.company_id,
    )
    campaign = await factories.campaign(owner_db, owner, channel, body=body)
    async with read(owner, Permission.CAMPAIGNS_READ) as r:
        found = [(one.path, one.code) for one in await problems(r, await load_draft(r, campaign))]
    assert found == ([("message", CampaignField.SAME_TO_ALL)] if refused else [])
