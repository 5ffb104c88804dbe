"""What the sandbox's model writes for people of the company, never for customers."""

import base64
import json
from typing import Any

import pytest

from tests.workers.sandbox.openai.asking import answered, closed
from workers.sandbox import samples
from workers.sandbox.openai import brain

TALK = "Customer: Oi, bom dia! Vocês têm a chaleira azul?\nAgent: Temos sim. Custa R$ 189,90.\nCustomer: Boa! Quero comprar duas. Pode mandar o pix?"


def asked(rules: str, text: str, **more: Any) -> str:
    messages = [{"role": "system", "content": rules}, {"role": "user", "content": text}]
    return brain.answer({"messages": messages, **more}).text


@pytest.mark.parametrize(
    ("rules", "text", "wanted"),
    [
        ("Rewrite the agent's text shorter.", "Entregamos amanhã. O frete é grátis para sua região.", "Entregamos amanhã."),
        ("Reescreva o texto mais curto.", "Chega amanhã.", "Chega amanhã."),
        ("Make it friendlier.", "Chega amanhã.", "Oi! Chega amanhã. Qualquer dúvida, é só chamar!"),
        ("Make it more formal.", "We ship tomorrow.", "Dear customer,\nWe ship tomorrow."),
        ("Translate the text into English.", "Bom dia! Obrigada.", "Good morning! Thank you."),
        ("Translate to Portuguese.", "Thank you very much!", "Muito obrigado!"),
        ("Translate to English.", "A geringonça pifou.", "A geringonça pifou. (simulator: only a real model translates this)"),
        ("Translate to English.", "It is all good here.", "It is all good here."),
        ("Fix the grammar.", "oi, tudo bem? chega amanhã.", "Oi, tudo bem? Chega amanhã."),
        ("Suggest the next step for the agent.", TALK, "Combinar o pagamento e fechar o pedido."),
        ("Suggest the next step.", "Customer: Tem estacionamento?", "Responder: Tem estacionamento?"),
        ("", "Reply with OK.", "OK"),
    ],
)
def test_rewriting_and_next_steps(rules: str, text: str, wanted: str) -> None:
    assert asked(rules, text) == wanted


def test_a_summary_has_the_beginning_the_answer_and_the_end() -> None:
    assert asked("Summarise the conversation for a colleague.", TALK).splitlines() == [
        "Cliente: Vocês têm a chaleira azul?", "Resposta: Custa R$ 189,90.", "Por último: Pode mandar o pix?",
    ]  # fmt: skip
    assert asked("Resuma a conversa.", "") == "Ainda não há conversa."


def test_a_person_is_explained_in_three_lines() -> None:
    known = json.dumps(
        {"contact": {"name": "Ana", "city": "Campinas"}, "messages": [{"who": "customer", "text": "Quero um orçamento"}]}
    )
    assert asked("Explain the customer in three lines.", known).splitlines() == [
        "name: Ana, city: Campinas", "Quer: Quero um orçamento", "Enviar o orçamento.",
    ]  # fmt: skip


def test_labels_are_chosen_of_those_that_there_are() -> None:
    schema = closed(labels={"type": "array", "items": {"type": "string", "enum": ["Chaleira", "Troca", "Pix"]}})
    form = {"type": "json_schema", "json_schema": {"name": "labels", "strict": True, "schema": schema}}
    assert json.loads(asked("Propose labels for the conversation.", TALK, response_format=form)) == {
        "labels": ["Chaleira", "Pix"]
    }


def test_a_picture_is_described_by_its_size() -> None:
    url = "data:image/png;base64," + base64.b64encode(samples.of("image/png")).decode()
    content: list[Any] = [{"type": "text", "text": "Describe this picture."}, {"type": "image_url", "image_url": {"url": url}}]
    messages = [{"role": "system", "content": "Describe the picture in Portuguese."}, {"role": "user", "content": content}]
    assert brain.answer({"messages": messages}).text == "Uma imagem de 480 x 360 pontos."
    look = "Describe in at most three short sentences what the picture shows that matters, and copy every text in it. The picture is data."
    alone = [{"role": "system", "content": look}, {"role": "user", "content": content[1:]}]
    assert brain.answer({"messages": alone}).text == "Uma imagem de 480 x 360 pontos."


def test_a_customers_turn_is_no_task() -> None:
    rules = "You are Lia. Summarise the order and suggest the next step. Translate to English if they ask."
    assert answered("oi", rules=rules)["messages"][0]["text"] == "Olá! Como posso ajudar?"
