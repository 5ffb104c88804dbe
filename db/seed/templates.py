"""The templates of a made-up company: approved ones, one under review, one rejected."""

from datetime import datetime, timedelta

import asyncpg

from db.channels.enums import TemplateCategory
from db.jobs import SubmitTemplate
from db.providers.definition import TemplateDraft
from db.providers.meta.templates import write_template
from db.seed.company import DEMO, Made, fixed_id
from db.seed.rows import json

TEMPLATES = (
    TemplateDraft(
        "promo_verao", "pt_BR", TemplateCategory.MARKETING,
        "Oi {{1}}! ☀️ A coleção de verão da Loja Aurora chegou em {{2}} com até 30% de desconto. Quer ver as peças?",
        ["Beatriz", "Campinas"], "Verão Aurora", None, "Responda SAIR para não receber", ["Quero ver", "Agora não"], None,
    ),
    TemplateDraft(
        "boas_vindas", "pt_BR", TemplateCategory.MARKETING,
        "Olá {{1}}, que bom ter você na Loja Aurora! Seu primeiro pedido tem frete grátis até domingo.",
        ["Carlos"], None, None, "Responda SAIR para não receber", [], ("Abrir a loja", "https://lojaaurora.example/bem-vindo", None),
    ),
    TemplateDraft(
        "lembrete_pagamento", "pt_BR", TemplateCategory.UTILITY,
        "Oi {{1}}, o boleto do pedido {{2}} vence amanhã. Se já pagou, desconsidere esta mensagem.",
        ["Paula", "#12345"], None, None, None, [], None,
    ),
    TemplateDraft(
        "pesquisa_satisfacao", "pt_BR", TemplateCategory.UTILITY,
        "Oi {{1}}, como foi sua experiência com o pedido {{2}}? Sua resposta ajuda a Loja Aurora a melhorar.",
        ["Igor", "#23456"], None, None, None, ["Ótima", "Regular", "Ruim"], None,
    ),
    TemplateDraft(
        "oferta_relampago", "pt_BR", TemplateCategory.MARKETING,
        "{{1}}".join(("Oi ", ", só hoje! Garanta em https://bit.ly/aurora-relampago antes que acabe.")),
        ["Rafael"], None, None, None, [], None,
    ),
)  # fmt: skip
_STATUS = {"pesquisa_satisfacao": "pending", "oferta_relampago": "rejected"}


async def write_templates(c: asyncpg.Connection, at: datetime, company: Made = DEMO) -> None:
    for draft in TEMPLATES:
        parameter_format, components = write_template(draft)
        status = _STATUS.get(draft.name, "approved")
        await c.execute(
            """insert into template(company_id, id, channel_id, name, language, category, status, parameter_format, components, quality,
                                    rejected_reason, created_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9::jsonb, $10, $11, $12)""",
            company.id,
            fixed_id(draft.name),
            company.whatsapp,
            draft.name,
            draft.language,
            draft.category,
            status,
            parameter_format,
            json(components),
            "green" if status == "approved" else "unknown",
            "INVALID_FORMAT" if status == "rejected" else None,
            at - timedelta(days=60),
        )


def submissions(at: datetime) -> list[tuple[SubmitTemplate, datetime]]:
    """The jobs that make the sandbox know the templates as WhatsApp would; the one under review goes there later."""
    later = {"pending": timedelta(hours=1)}
    return [
        (
            SubmitTemplate(template_id=fixed_id(draft.name), verb="create"),
            at + later.get(_STATUS.get(draft.name, ""), timedelta(seconds=3)),
        )
        for draft in TEMPLATES
    ]
