"""The same file once more, with other columns: a new import that begins where the columns of the old one were chosen."""

from uuid import UUID

import asyncpg

from db.contacts import import_files, imports
from db.contacts.enums import ImportState
from db.contacts.errors import ContactImportError
from db.contacts.events import ImportProgress
from db.errors import RequestError
from db.jobs import ForgetFile
from db.permissions import Permission
from db.tenancy import Actor
from db.work import work

_AGAIN = """
insert into contact_import(company_id, state, filename, blob, size, sheet, mapping, options, total, created_by)
select company_id, 'ready', filename, blob, size, sheet, mapping, options, total, $3 from contact_import
where company_id = $1 and id = $2 returning id, total
"""


async def repeat(actor: Actor, import_id: UUID) -> asyncpg.Record:
    """The row of `one_import` of the new one, which takes the file over, with the columns and tags that were chosen before. Raises NotFound,
    TooManyRequests, and Conflict `import_not_over` and `file_not_kept`."""
    async with work(actor, Permission.CONTACTS_WRITE) as w:
        await import_files.hold_room(w)
        row = await w.fetchrow(
            "select state, coalesce(file_until > now(), false) as kept from contact_import where company_id = $1 and id = $2 for update",
            w.company_id,
            import_id,
        )
        if row is None:
            raise RequestError.NOT_FOUND(what="import")
        if row["state"] in imports.OPEN:
            raise ContactImportError.IMPORT_NOT_OVER()
        if not row["kept"]:
            raise ContactImportError.FILE_NOT_KEPT()
        await import_files.ensure_room(w, w.company_id, 0)
        made = await w.fetchrow(_AGAIN, w.company_id, import_id, actor.id if actor.kind == "user" else None)
        assert made is not None
        await w.execute(
            "update contact_import set blob = '', file_until = null where company_id = $1 and id = $2", w.company_id, import_id
        )
        await w.withdraw(ForgetFile(import_id=import_id))
        w.audit("import.repeated", made["id"], of=str(import_id))
        w.emit(ImportProgress(import_id=made["id"], state=ImportState.READY, processed=0, total=made["total"]))
        return await imports.one(w, made["id"])
