"""Every component in all its states, for those who build and those who look. Only in development; made-up data."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from nicegui import ui

from api.contract.base import Page
from ui import formats
from ui.client.base import Offline, Uploaded
from ui.components.buttons import button, copy_field, icon_button
from ui.components.cards import card, figure, figures, item, key_values, log_list, note
from ui.components.cells import person, state, tags
from ui.components.charts import bar_chart, funnel, line_chart
from ui.components.confirm import confirm, confirm_inline
from ui.components.files import drop_zone
from ui.components.forms import (
    area_field,
    moment_field,
    new_password_field,
    number_field,
    password_field,
    select_field,
    switch_field,
    text_field,
)
from ui.components.menus import Choice, more
from ui.components.phone import Preview, phone
from ui.components.progress import progress, stepper, tabs, wizard_foot
from ui.components.query import Filter, Query
from ui.components.states import empty, error_state, load, skeleton_chart, skeleton_figures, skeleton_list
from ui.components.table import Column, Selection, data_table
from ui.components.text import avatar, badge, chip, safe_link
from ui.components.toast import toast, toast_undo
from ui.routing import page

NAMES = ("Beatriz Nunes", "Caio Prado", "Débora Alves", "Eduardo Reis", "Fernanda Luz", "Gustavo Melo", "Helena Dias")
COUNT = 200_000


class _Contact(NamedTuple):
    number: int

    @property
    def name(self) -> str:
        return f"{NAMES[self.number % 7]} {self.number + 1}"


async def _contacts(query: Query) -> Page[_Contact]:
    await asyncio.sleep(0.3)
    if query.search == "xyz":
        return Page(items=[])
    if query.search == "offline":
        raise Offline
    start = int(query.cursor or 0)
    found = [_Contact(number) for number in range(start, min(start + query.limit, COUNT))]
    return Page(items=found, next_cursor=str(start + query.limit), total=COUNT)


def _row(contact: _Contact) -> dict[str, Any]:
    return {
        "id": str(contact.number),
        "name": person(contact.name, f"+55 11 9{8000 + contact.number % 1999}-{contact.number % 9000 + 1000}"),
        "state": state("Bloqueado", "bad") if contact.number % 9 == 4 else state("Ativo", "ok"),
        "tags": tags(["vip", "verão", "vestidos", "sp"][: contact.number % 5]),
        "spent": formats.money(contact.number * 9731 % 400_000),
        "seen": formats.ago(datetime.now(UTC) - timedelta(minutes=7 * contact.number)),
    }


def _pieces() -> None:
    with figures():
        figure("Enviadas", formats.number(61_284), hint="61% de 100.000")
        figure("Entregues", formats.number(58_910), change="96,1%", hint="das enviadas")
        figure("Responderam", formats.number(2_415), change="+12%", good=True, hint="que ontem")
        figure("Custo", formats.money(1_914_820), hint="R$ 7,93 por resposta")
    with card("Buttons and marks"):
        with ui.element("div").classes("m-row m-wrap m-near"):
            button("Criar campanha", lambda: toast("Campanha criada"), kind="primary", icon="add")
            button("Pausar", lambda: toast_undo("Campanha pausada", lambda: toast("Retomada")), icon="pause")
            button("Devagar", lambda: asyncio.sleep(2))
            button("Cancelar", kind="plain")
            button(
                "Remover",
                lambda: confirm("Remover 3 contatos?", "Isto não pode ser desfeito.", yes="Remover", danger=True),
                kind="danger",
            )
            icon_button("refresh", "Atualizar", lambda: toast("A importação parou: o arquivo não tem a coluna telefone.", "bad"))
            more(
                [
                    Choice("Duplicar", lambda: None, "content_copy"),
                    Choice("Remover", lambda: None, "delete", danger=True, line=True),
                ]
            )
        with ui.element("div").classes("m-row m-wrap m-near"):
            badge("Enviando", "ok", live=True)
            badge("Agendada", "info")
            badge("Pausada", "warn")
            badge("Falhou", "bad")
            badge("Rascunho")
            for number, name in enumerate(("Todos", "Ativos", "Bloqueados")):
                chip(name, on=not number, on_click=lambda: None)
            chip("verão", on_remove=lambda: None)
            for name in NAMES[:4]:
                avatar(name)
            safe_link("um endereço", "https://example.com")
            safe_link("só texto", "javascript:alert(1)")
    with ui.element("div").classes("m-split"):
        with card("Progress", hint="78 por segundo"):
            progress(61_284, 100_000, seconds_left=1740)
            progress(30, 100, tone="warn")
            stepper(["Público", "Mensagem", "Horário", "Revisão"], 1, lambda number: toast(f"Passo {number + 1}"))
            wizard_foot(lambda: None, on_back=lambda: None)
        with card("Facts"):
            key_values([("Cidade", "São Paulo, SP"), ("Cliente desde", "mar. de 2024"), ("Estado", lambda: badge("Ativo", "ok"))])
            copy_field("https://masteria.example/invitation/9f2c4b7a1d")
    with ui.element("div").classes("m-split"):
        with card("Activity"):
            log_list(
                [
                    ("ok", "Campanha iniciada", "Black Friday · 100.000 pessoas", "09:02"),
                    ("warn", "Ritmo reduzido", "O número chegou ao limite de 80 por segundo", "09:11"),
                    ("bad", "12 mensagens falharam", "Número sem WhatsApp", "09:14"),
                ]
            )
        with card("List", flush=True):
            for name in NAMES[:3]:
                with item(on_click=lambda: None):
                    avatar(name)
                    with ui.element("div").classes("m-col m-tight m-grow"):
                        ui.label(name).classes("m-strong m-clip")
                        ui.label("Gerente").classes("m-hint")
                    badge("Ativo", "ok")
    for tone, text in (
        ("info", "O modelo está em análise."),
        ("warn", "O canal está em pausa até 18:00."),
        ("bad", "O token expirou."),
    ):
        with note(tone, text):  # type: ignore[arg-type]
            pass


def _forms() -> None:
    with card("Fields"):
        with ui.element("div").classes("m-grid m-grid-wide"):
            text_field("Nome", "Ana Lima", hint="Como os clientes veem")
            text_field("E-mail", "ana@", kind="email").error("Isto não parece um e-mail.")
            password_field("Senha")
            new_password_field("Nova senha")
            number_field("Limite por segundo", 80, low=1, suffix="/s")
            select_field("Fuso horário", {"a": "São Paulo", "b": "Manaus"}, "a")
            select_field("Etiquetas", {"a": "vip", "b": "verão"}, ["a"], multiple=True)
            moment_field("Início", datetime.now(UTC))
        area_field("Mensagem", "Oi, {{nome}}!", limit=1024)
        switch_field("Acompanhar respostas", True, hint="As respostas aparecem em Conversas.")
        drop_zone("Solte a planilha aqui ou clique para escolher", _uploaded, accept=".csv,.xlsx", hint="CSV ou XLSX, até 25 MB")
        confirm_inline("Remover o canal?", "As campanhas dele param.", yes="Remover", on_yes=lambda: None, danger=True)


async def _uploaded(file: Uploaded) -> None:
    toast(f"{file.name} · {formats.size(file.size())}")


def _data() -> None:
    hours = [f"{hour:02d}:00" for hour in range(8, 20)]
    with ui.element("div").classes("m-split"):
        with card("Mensagens por hora"):
            sent = [120, 480, 910, 1240, 1180, 760, 640, 980, 1310, 1105, 720, 310]
            line_chart(
                hours,
                [("Enviadas", sent), ("Entregues", [int(n * 0.93) for n in sent]), ("Respostas", [n // 9 for n in sent])],
                label="Mensagens por hora",
            )
        with card("Funil"):
            funnel([("Enviadas", 61_284), ("Entregues", 58_910), ("Lidas", 31_077), ("Responderam", 2_415)])
            bar_chart(["seg", "ter", "qua", "qui", "sex"], [("Custo", [12, 30, 22, 41, 18])], label="Custo por dia", size="short")
    data_table(
        [
            Column("name", "Nome", phone="title"),
            Column("state", "Estado", phone="end"),
            Column("tags", "Etiquetas"),
            Column("spent", "Compras", align="right", look="m-num"),
            Column("seen", "Visto", look="m-hint", phone="end"),
        ],
        _contacts,
        _row,
        search="Buscar por nome ou telefone",
        filters=[Filter("state", "Estado", {"active": "Ativos", "blocked": "Bloqueados"})],
        link=lambda one: f"/_gallery?tab=data#{one.number}",
        bulk=_bulk,
        tools=lambda: button("Importar", icon="upload"),
        limit=8,
    )


def _bulk(selection: Selection) -> None:
    button("Etiquetar", lambda: toast(f"{selection.amount} contatos"), icon="label")
    button("Remover", icon="delete", kind="danger")


def _states() -> None:
    with ui.element("div").classes("m-grid m-grid-wide"):
        with card():
            empty(
                "campaign", "Nenhuma campanha ainda", "Uma campanha envia uma mensagem a muitas pessoas.", action="Criar campanha"
            )
        with card():
            error_state("Sem conexão com o serviço.", lambda: None)
    skeleton_figures()
    skeleton_list(2)
    skeleton_chart()
    load(_slow, lambda text: ui.label(text), lambda: skeleton_list(1))


async def _slow() -> str:
    await asyncio.sleep(3)
    return "Pronto."


def _phones() -> None:
    with ui.element("div").classes("m-row m-wrap items-start m-loose"):
        body = "Oi, {{1}}! A Black Friday começou: até 40% em vestidos. Quer ver as novidades?"
        rich = Preview(
            body,
            "Só hoje 💚",
            "Responda PARAR para sair",
            "image",
            buttons=[("url", "Ver ofertas"), ("reply", "Falar com alguém")],
        )
        phone("Loja Aurora", "+55 11 4000-1234", rich, (Preview("Quero ver!"), True))
        phone("28901", "SMS", Preview("Loja Aurora: seu pedido 1284 saiu para entrega. Acompanhe: aurora.example/1284"))


@page("/_gallery", public=True, dev=True)
def gallery(tab: str = "pieces") -> None:
    ui.page_title("Gallery")
    with ui.element("main").classes("m-main"):
        with ui.element("header").classes("m-head"), ui.element("div").classes("m-head-text"):
            ui.label("Gallery").classes("m-title")
        with ui.element("div").classes("m-body"):
            tabs(
                [
                    ("pieces", "Pieces", _pieces),
                    ("forms", "Forms", _forms),
                    ("data", "Data", _data),
                    ("states", "States", _states),
                    ("phones", "Phones", _phones),
                ],
                tab,
            )
