"""Where somebody is led whose company asks for a second step that they have not set up: nothing else opens until it is done."""

from functools import partial
from uuid import UUID

from nicegui import ui

from ui import session
from ui.client import accounts
from ui.client.second_factor import state
from ui.components.auth_layout import auth_layout
from ui.components.buttons import button
from ui.components.second_factor import Setup
from ui.components.states import load, skeleton
from ui.i18n import _
from ui.routing import SETUP, page


@page(SETUP)
def second_factor(next: str = "/") -> None:
    me = session.current()

    async def switch(company_id: UUID) -> None:
        session.hand_over(await accounts.switch_company(me.api, company_id))

    text = _("{company} asks everybody for a code from an app at sign-in. Set it up once: it takes two minutes.")
    with auth_layout(_("One more step"), text.format(company=me.me.company.name)):
        load(
            lambda: state(me.api),
            lambda found: Setup(me.api, lambda: ui.navigate.to(session.safe_next(next)), password=found.password),
            lambda: skeleton("line m-w-60", "title m-w-100"),
        )
        with ui.element("div").classes("m-row m-near m-wrap"):
            for company in me.me.companies:
                if company.id != me.me.company.id:
                    button(_("Go to {company}").format(company=company.name), partial(switch, company.id), kind="plain")
            button(_("Sign out"), session.sign_out, kind="plain", icon="logout")
