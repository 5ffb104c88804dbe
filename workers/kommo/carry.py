"""Carries one task out: finds before it makes, reads before it changes, and looks before it repeats. Each thing that Kommo took is noted
at once, so that a worker that dies in between finds it again.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from db.errors import AppError
from db.kommo import links, taking, tasks
from db.kommo.enums import KommoLinkKind, KommoTaskKind, KommoTaskState
from db.kommo.errors import KommoReason
from db.kommo.links import Facts, LeadFacts, Link
from db.kommo.taking import Status
from db.kommo.tasks import End, Task
from workers.kommo import people
from workers.kommo.client import Kommo, Trouble

LOST_STATUS = 143
"""Kommo's own in every pipeline."""
SERVICE = "Master IA"
_SKEW = timedelta(minutes=5)
"""By which Kommo's clock may be behind ours."""

State = KommoTaskState


class Carrier:
    """The tasks of one company, one after another."""

    def __init__(self, company_id: UUID, kommo: Kommo) -> None:
        self._company, self._kommo = company_id, kommo

    async def carry(self, task: Task) -> End:
        """What came of it. Raises Trouble for what the connection or the network is to blame for, valkey.Down."""
        how: Callable[[Task], Any] = {
            KommoTaskKind.PUSH_CONTACT: self._push_contact,
            KommoTaskKind.PUSH_LEAD: self._push_lead,
            KommoTaskKind.PUSH_NOTE: self._push_note,
            KommoTaskKind.TAKE_CONTACT: self._take_contact,
            KommoTaskKind.TAKE_LEAD: self._take_lead,
        }[task.kind]
        end: End = await how(task)
        return end

    # -- contacts ---------------------------------------------------------------------------------------------------

    async def _push_contact(self, task: Task) -> End:
        assert task.local_id is not None
        ours, link = await links.contact(self._company, task.local_id)
        if ours is None:
            await links.forget(self._company, KommoLinkKind.CONTACT, task.local_id)
            return End(State.SKIPPED, KommoReason.GONE)
        if link is not None and link.ours == ours.digest and not task.asked:
            return End(State.SKIPPED, KommoReason.SAME, kommo_id=link.kommo_id)
        if link is None and not ours.reachable:
            return End(State.FAILED, KommoReason.NO_ADDRESS)
        kommo_id, changed = await self._contact(task.local_id, ours, link, str(task.id))
        return End(State.DONE if changed else State.SKIPPED, None if changed else KommoReason.SAME, kommo_id=kommo_id)

    async def _contact(self, contact_id: UUID, ours: Facts, link: Link | None, request_id: str) -> tuple[int, bool]:
        """The contact there, found or made, and brought up to date. Whether something was written."""
        entity = await self._known(link) if link is not None else None
        known = entity is not None
        if entity is None:
            entity = await self._search(contact_id, ours)
        if entity is None:
            answer = await self._kommo.send("POST", "contacts", [people.fresh(ours, request_id)])
            kommo_id = _made(answer, "contacts")
            theirs = people.facts(people.fresh(ours, request_id))
            await self._keep(contact_id, kommo_id, ours, theirs)
            return kommo_id, True
        kommo_id, patch = int(entity["id"]), people.changes(ours, entity, ours_counts=known)
        if patch:
            await self._kommo.send("PATCH", f"contacts/{kommo_id}", patch)
        await self._keep(contact_id, kommo_id, ours, people.after(entity, patch))
        return kommo_id, bool(patch) or not known

    async def _keep(self, contact_id: UUID, kommo_id: int, ours: Facts, theirs: Facts) -> None:
        link = Link(contact_id, kommo_id, ours.digest, theirs.digest, None, None, None)
        await links.keep(self._company, KommoLinkKind.CONTACT, link)

    async def _known(self, link: Link) -> dict[str, Any] | None:
        """The contact that is linked; None once it is deleted there."""
        return await self._entity(f"contacts/{link.kommo_id}")

    async def _entity(self, path: str) -> dict[str, Any] | None:
        try:
            found = await self._kommo.get(path)
        except Trouble as trouble:
            if trouble.reason is KommoReason.GONE:
                return None
            raise
        if found is None or (isinstance(found, dict) and found.get("is_deleted")):
            return None
        if not isinstance(found, dict) or not isinstance(found.get("id"), int):
            raise Trouble(KommoReason.ODD_ANSWER, path)
        return found

    async def _search(self, contact_id: UUID, ours: Facts) -> dict[str, Any] | None:
        """Somebody there with one of our phones or e-mails, who is nobody else's; of several the oldest."""
        for question in people.questions(ours):
            found = await self._kommo.get("contacts", {"query": question, "limit": 50})
            hits = [one for one in _items(found, "contacts") if people.same_person(ours, one)]
            if not hits:
                continue
            taken = await links.taken(self._company, KommoLinkKind.CONTACT, [int(one["id"]) for one in hits])
            free = [one for one in hits if int(one["id"]) not in taken]
            return min(free or hits, key=lambda one: int(one["id"]))
        return None

    # -- leads ------------------------------------------------------------------------------------------------------

    async def _push_lead(self, task: Task) -> End:
        assert task.local_id is not None
        lead, link = await links.lead(self._company, task.local_id)
        if lead is None:
            await links.forget(self._company, KommoLinkKind.LEAD, task.local_id)
            return End(State.SKIPPED, KommoReason.GONE)
        if lead.status_id is None:
            return End(State.SKIPPED, KommoReason.NOT_MAPPED)
        if link is not None and link.stage_id == lead.stage_id:
            return End(State.SKIPPED, KommoReason.SAME, kommo_id=link.kommo_id)
        if link is None:
            return End(State.DONE, kommo_id=await self._make_lead(task, task.local_id, lead))
        patch = {"pipeline_id": lead.pipeline_id, "status_id": lead.status_id}
        try:
            await self._kommo.send("PATCH", f"leads/{link.kommo_id}", patch)
        except Trouble as trouble:
            if trouble.reason is not KommoReason.GONE:
                raise
            await links.forget(self._company, KommoLinkKind.LEAD, task.local_id)
            return End(State.FAILED, KommoReason.GONE, kommo_id=link.kommo_id)
        await self._in_step(task.local_id, link.kommo_id, lead)
        return End(State.DONE, kommo_id=link.kommo_id)

    async def _in_step(self, lead_id: UUID, kommo_id: int, lead: LeadFacts) -> None:
        link = Link(lead_id, kommo_id, "", "", lead.stage_id, lead.pipeline_id, lead.status_id)
        await links.keep(self._company, KommoLinkKind.LEAD, link)

    async def _make_lead(self, task: Task, lead_id: UUID, lead: LeadFacts) -> int:
        """The lead there with its contact; where an answer got lost, the one that was made then."""
        if task.unsure and (kommo_id := await self._lost_lead(task, lead)) is not None:
            await self._in_step(lead_id, kommo_id, lead)
            return kommo_id
        body: dict[str, Any] = {"name": lead.title, "request_id": str(task.id), "_embedded": {"tags": [{"name": SERVICE}]}}
        if lead.value_cents is not None:
            body["price"] = lead.value_cents // 100
        if lead.status_id is not None:
            body |= {"pipeline_id": lead.pipeline_id, "status_id": lead.status_id}
        if lead.contact_id is not None:
            ours, link = await links.contact(self._company, lead.contact_id)
            if ours is not None and (link is not None or ours.reachable):
                contact, _ = await self._contact(lead.contact_id, ours, link, f"{task.id}-c")
                body["_embedded"]["contacts"] = [{"id": contact}]
        kommo_id = _made(await self._kommo.send("POST", "leads", [body]), "leads")
        await self._in_step(lead_id, kommo_id, lead)
        return kommo_id

    async def _lost_lead(self, task: Task, lead: LeadFacts) -> int | None:
        """One of that name which was made since the task began and is nobody's."""
        found = _items(await self._kommo.get("leads", {"query": lead.title, "limit": 250}), "leads")
        since = (task.began_at - _SKEW).timestamp()
        hits = sorted(int(one["id"]) for one in found if one.get("name") == lead.title and _at(one) >= since)
        taken = await links.taken(self._company, KommoLinkKind.LEAD, hits)
        return next((one for one in hits if one not in taken), None)

    # -- notes ------------------------------------------------------------------------------------------------------

    async def _push_note(self, task: Task) -> End:
        assert task.local_id is not None
        lead, link = await links.lead(self._company, task.local_id)
        if lead is None or task.note is None:
            return End(State.SKIPPED, KommoReason.GONE)
        lead_there = link.kommo_id if link is not None else None
        if lead_there is None:
            lead_there = await self._make_lead(task, task.local_id, lead)
        if task.unsure and (known := await self._lost_note(task, lead_there)) is not None:
            return End(State.DONE, kommo_id=known)
        body = {"note_type": "common", "params": {"text": task.note}, "request_id": str(task.id)}
        if not task.private:
            body |= {"note_type": "service_message", "params": {"service": SERVICE, "text": task.note}}
        try:
            answer = await self._kommo.send("POST", f"leads/{lead_there}/notes", [body])
        except Trouble as trouble:
            if trouble.reason is not KommoReason.GONE:
                raise
            await links.forget(self._company, KommoLinkKind.LEAD, task.local_id)
            return End(State.FAILED, KommoReason.GONE)
        return End(State.DONE, kommo_id=_made(answer, "notes"))

    async def _lost_note(self, task: Task, lead_there: int) -> int | None:
        """A note of that text which was written since the task began and is no other task's."""
        query: dict[str, str | int] = {"limit": 250, "order[id]": "desc"}
        found = _items(await self._kommo.get(f"leads/{lead_there}/notes", query), "notes")
        since, others = (task.began_at - _SKEW).timestamp(), await tasks.noted(self._company)
        for one in found:
            params = one.get("params")
            if (
                isinstance(params, dict)
                and params.get("text") == task.note
                and _at(one) >= since
                and int(one["id"]) not in others
            ):
                return int(one["id"])
        return None

    # -- what came from there ---------------------------------------------------------------------------------------

    async def _take_lead(self, task: Task) -> End:
        assert task.kommo_id is not None
        link = await links.by_theirs(self._company, KommoLinkKind.LEAD, task.kommo_id)
        if link is None:
            return End(State.SKIPPED, KommoReason.NOT_OURS)
        entity = await self._entity(f"leads/{task.kommo_id}?with=loss_reason")
        if entity is None:
            await links.forget(self._company, KommoLinkKind.LEAD, link.local_id)
            return End(State.SKIPPED, KommoReason.GONE, local_id=link.local_id)
        pipeline, status = entity.get("pipeline_id"), entity.get("status_id")
        if not isinstance(pipeline, int) or not isinstance(status, int):
            raise Trouble(KommoReason.ODD_ANSWER, "a lead without a status")
        because = _lost_because(entity) if status == LOST_STATUS else None
        why = await taking.move_lead(self._company, link, Status(pipeline, status, because))
        return End(State.SKIPPED if why else State.DONE, why, local_id=link.local_id)

    async def _take_contact(self, task: Task) -> End:
        assert task.kommo_id is not None
        link = await links.by_theirs(self._company, KommoLinkKind.CONTACT, task.kommo_id)
        entity = await self._entity(f"contacts/{task.kommo_id}")
        if entity is None:
            if link is not None:
                await links.forget(self._company, KommoLinkKind.CONTACT, link.local_id)
            return End(State.SKIPPED, KommoReason.GONE, local_id=link.local_id if link else None)
        theirs = people.facts(entity)
        if link is not None:
            ours, _ = await links.contact(self._company, link.local_id)
            if ours is None:
                await links.forget(self._company, KommoLinkKind.CONTACT, link.local_id)
                return End(State.SKIPPED, KommoReason.GONE)
            if link.theirs == theirs.digest:  # an echo of what we wrote, or told twice
                return End(State.SKIPPED, KommoReason.SAME, local_id=link.local_id)
            if link.ours != ours.digest:
                return End(State.SKIPPED, KommoReason.NEWER_HERE, local_id=link.local_id)
        elif not theirs.reachable:
            return End(State.SKIPPED, KommoReason.NO_ADDRESS)
        try:
            contact_id, why = await taking.take_contact(self._company, link, task.kommo_id, theirs)
        except AppError as error:
            return End(State.FAILED, KommoReason.REFUSED, "; ".join(one.message for one in error.fields) or error.detail)
        return End(State.SKIPPED if why else State.DONE, why, local_id=contact_id)


def _items(answer: Any, noun: str) -> list[dict[str, Any]]:
    """Of a list that Kommo answered; nothing for an answer of another shape."""
    embedded = answer.get("_embedded") if isinstance(answer, dict) else None
    found = embedded.get(noun) if isinstance(embedded, dict) else None
    items = found if isinstance(found, list) else []
    return [one for one in items if isinstance(one, dict) and isinstance(one.get("id"), int)]


def _made(answer: Any, noun: str) -> int:
    """The id of what was made. Raises Trouble: it was made, and nobody knows as what."""
    found = _items(answer, noun)
    if not found:
        raise Trouble(KommoReason.UNSURE, "no id", unsure=True)
    return int(found[0]["id"])


def _at(entity: dict[str, Any]) -> float:
    value = entity.get("created_at")
    return float(value) if isinstance(value, int) else 0.0


def _lost_because(entity: dict[str, Any]) -> str | None:
    embedded = entity.get("_embedded")
    reasons = embedded.get("loss_reason") if isinstance(embedded, dict) else None
    first = reasons[0] if isinstance(reasons, list) and reasons else None
    name = first.get("name") if isinstance(first, dict) else None
    return str(name)[:120] if name else None
