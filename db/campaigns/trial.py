"""Texts of one campaign that are tried beside one another: some people get one of them at random, the others get the better one later.

What is asked stands in `campaign.trial`; a launch freezes all texts (`campaign.contents`), and what became of it stands in the columns
`trial_*`. Who gets what stands in each message (`db/messages/variants.py`) before the first one goes out: nobody gets two. Pure data.
"""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

import msgspec

from db.campaigns.enums import TrialMetric, Unsure
from db.messages.render import Binding, Content
from db.messages.variants import Goal

Letter = Literal["A", "B", "C", "D"]
LETTERS: tuple[Letter, ...] = ("A", "B", "C", "D")


WAITS = """coalesce(k.state in ('running', 'paused') and (k.trial_state = 'waiting' or k.trial_state = 'testing' and k.trial->>'hours' is null
    and not exists (select from message q where q.company_id = k.company_id and q.queue_id = k.id and q.queued)), false)"""
"""SQL on alias `k`: a person has to choose the text; of a test without hours, once everybody in it had their turn."""


class Variant(msgspec.Struct, frozen=True):
    """One text beside the first. `share`: percent of the test."""

    share: int
    template_id: UUID | None = None
    body: str | None = None
    bindings: list[Binding] = []


class Trial(msgspec.Struct, frozen=True):
    """`test_percent` of the people get one of the texts; 100: all of them, and nothing is decided. `hours` after the last of the test went
    out it is decided by what did better in `metric`; None: by a person. `tag_id`, `stage_id`: what counts as a conversion."""

    variants: list[Variant]
    metric: TrialMetric = TrialMetric.REPLIED
    test_percent: int = 20
    hours: int | None = 24
    unsure: Unsure = Unsure.LEADING
    tag_id: UUID | None = None
    stage_id: UUID | None = None

    @property
    def shares(self) -> list[int]:
        """In percent, of the first one too."""
        others = [one.share for one in self.variants]
        return [100 - sum(others), *others]

    @property
    def goal(self) -> Goal | None:
        """What is looked at beside the messages."""
        if self.metric is not TrialMetric.CONVERTED:
            return None
        return Goal("tag", self.tag_id) if self.tag_id is not None else Goal("stage", self.stage_id)


def trial_of(raw: str | None) -> Trial | None:
    """Of its column."""
    return msgspec.json.decode(raw, type=Trial) if raw else None


def fields_of(content: Content, contents: Sequence[Content] | None) -> list[str]:
    """Whose values each message carries until it is known which text it is: those of all texts, one after the other."""
    return [name for one in contents for name in one.fields] if contents else content.fields
