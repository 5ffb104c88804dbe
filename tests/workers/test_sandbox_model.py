"""What the sandbox's model was asked, as the page of the simulator shows it."""

from workers.sandbox_model import _message


def test_each_part_of_a_message_is_shown_by_its_words_or_its_address() -> None:
    parts = [{"type": "text", "text": "O que é isto?"}, {"type": "image_url", "image_url": {"url": "https://x.test/a.png"}}]
    shown = _message({"role": "user", "content": parts})
    assert (shown.role, shown.text, shown.calls) == ("user", "O que é isto?\nhttps://x.test/a.png", [])


def test_a_call_of_a_tool_and_a_refusal_are_shown() -> None:
    call = {"function": {"name": "move_lead", "arguments": '{"stage": "Proposta"}'}}
    assert _message({"content": None, "tool_calls": [call]}).calls[0].name == "move_lead"
    assert _message({"content": None, "refusal": "Não posso."}).text == "Não posso."
