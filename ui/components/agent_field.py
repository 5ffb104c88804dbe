"""Choosing who speaks in a call: of the virtual agents that the provider listed, else by its id there."""

from collections.abc import Callable, Sequence
from typing import Any

from api.contract.channels import ChannelAgent
from ui.components.forms import Field, select_field, text_field
from ui.i18n import _


def agent_field(agents: Sequence[ChannelAgent], value: str = "", *, on_change: Callable[[], Any] | None = None) -> Field[str]:
    """Its value is an id; "": the one that belongs to the number. One that was chosen and is not listed any more stays."""
    if not agents:
        hint = _("Its id at the provider. Empty: the one that belongs to the number.")
        return text_field(_("Another agent"), value, hint=hint, limit=100, on_change=on_change)
    own = ", ".join(one.name for one in agents if one.own)
    options = {"": _("{name} (of the number)").format(name=own) if own else _("The one that belongs to the number")}
    options |= {one.id: one.name for one in agents if not one.own}
    chosen = "" if any(one.own and one.id == value for one in agents) else value
    if chosen not in options:
        options[chosen] = _("{id} (not in the list)").format(id=chosen)
    return select_field(
        _("Who speaks"),
        options,
        chosen,
        search=len(options) > 10,
        hint=_("Agents of your account. A new one is here after the channel's next check, within an hour."),
        on_change=on_change,
    )
