"""What a template says in plain words: whether there is nothing but text to it, and where its buttons lead. Pure."""

from db.channels.enums import TemplateCategory
from db.messages.render import TemplateContent, filled, slot_values


def leads_with_text(content: TemplateContent) -> bool:
    """Whether there is nothing but text to it: no picture, film, document or place at its head."""
    headers = [one for one in content.components if str(one.get("type", "")).upper() == "HEADER"]
    return all(str(one.get("format") or "TEXT").upper() == "TEXT" for one in headers)


def written_buttons(content: TemplateContent, params: list[str]) -> list[str]:
    """The buttons that lead somewhere as lines of a text: name and address, number or code. Those of a code for signing in only copy
    what the text says."""
    if content.category == TemplateCategory.AUTHENTICATION.value:
        return []
    values = {slot.placeholder: value for slot, value in zip(content.slots, slot_values(content, params), strict=True)}
    lines = []
    for component in content.components:
        if str(component.get("type", "")).upper() == "BUTTONS":
            for index, button in enumerate(component.get("buttons") or []):
                match str(button.get("type", "")).upper():
                    case "URL":
                        target = filled(str(button.get("url") or ""), f"button.{index}.", values)
                    case "PHONE_NUMBER":
                        target = str(button.get("phone_number") or "")
                    case "COPY_CODE":
                        target = values.get(f"button.{index}.1") or ""
                    case _:
                        continue
                lines.append(": ".join(part for part in (str(button.get("text") or ""), target) if part))
    return lines
