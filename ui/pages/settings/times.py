"""How soon the company wants to answer: by it the inbox shows who waits too long."""

from nicegui import ui

from api.contract.accounts import Company, CompanyPatch
from api.contract.enums import Permission
from ui import session
from ui.client import accounts
from ui.client.base import ApiProblem
from ui.components import problems
from ui.components.cards import card
from ui.components.forms import form, number_field
from ui.components.states import load
from ui.components.toast import toast
from ui.i18n import _

_MOST = 10_080  # minutes of a week


def draw_times() -> None:
    me = session.current()

    def draw(company: Company) -> None:
        async def save() -> None:
            minutes = int(target.value) if target.value else None
            try:
                await accounts.change_company(me.api, CompanyPatch(answer_target=minutes))
            except ApiProblem as error:
                problems.show_in({"answer_target": target}, error)
                return
            toast(_("Saved."))

        hint = _("Who waits is shown in amber when it is almost over, in red when it is. Only the office hours count.")
        with ui.element("div").classes("m-forms"), card(_("Answer time"), hint=hint):
            below = _("Empty: nobody is late; after an hour of waiting it is shown in amber.")
            target = number_field(_("Answer within (minutes)"), company.answer_target, low=1, high=_MOST, hint=below)
            if me.may(Permission.COMPANY_WRITE):
                form(save, _("Save"))
            else:
                target.control.props("readonly disable")

    load(lambda: accounts.company(me.api), draw)
