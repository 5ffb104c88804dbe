"""Models that end: owners are told of those in use that their provider switches off within 30 days, or has switched off."""

from datetime import datetime
from uuid import UUID

from db.ai import catalogue, notices
from db.ai.enums import AiNotice, ModelState, Provider
from db.clock import now
from db.permissions import Permission
from db.tenancy import worker
from db.work import system_read, work

# What is set, and what was called in the last week: personas name models of their own.
_IN_USE = """
select chat_model as name from ai_connection where company_id = $1
union select embedding_model from ai_connection where company_id = $1 and embedding_model <> ''
union select model from ai_usage where company_id = $1 and at > $2::timestamptz - interval '7 days'
"""


async def warn() -> None:
    """Looks at every company that calls OpenAI or Azure; harmless when repeated."""
    async with system_read() as s:
        rows = await s.fetch("select company_id from ai_connection where provider in ($1, $2)", Provider.OPENAI, Provider.AZURE)
    for row in rows:
        await warn_company(row["company_id"], now())


async def warn_company(company_id: UUID, at: datetime) -> list[str]:
    """One mail for each model, once; returns of which ones."""
    async with work(worker(company_id), Permission.AI_WRITE) as w:
        told = await w.fetchval("select told_endings from ai_connection where company_id = $1 for update", company_id)
        if told is None:
            return []
        used = [row["name"] for row in await w.fetch(_IN_USE, company_id, at)]
        models = [model for name in used if name not in told and (model := catalogue.known(name)) is not None]
        ending = sorted({model for model in models if model.state(at) is not ModelState.CURRENT})
        for model in ending:
            assert model.retired_on is not None
            told_of = f"{model.name} ({model.retired_on:%Y-%m-%d}) → {model.replacement}"
            await notices.tell(w, AiNotice.MODEL_ENDS, told_of, notices.MODELS)
        names = [model.name for model in ending]
        if names:
            await w.execute("update ai_connection set told_endings = told_endings || $2 where company_id = $1", company_id, names)
            w.audit("ai_model.ending_told", None, models=names)
        return names
