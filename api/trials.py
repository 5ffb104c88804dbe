"""Tests of a campaign's texts over HTTP."""

from uuid import UUID

from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody

from api.auth.guard import Caller
from api.contract.campaigns import CampaignTrialChoice, CampaignTrialResult, CampaignTrialText
from db.campaigns import trial_run
from db.campaigns.trial import LETTERS
from db.campaigns.trial_run import Told


class TrialController(Controller):
    path = "/v1/campaigns/{campaign_id:uuid}/trial"
    tags = ("Campaigns",)

    @get(summary="Read what a test of texts tells")
    async def read_trial(self, actor: Caller, campaign_id: FromPath[UUID]) -> CampaignTrialResult:
        """How sure it is which text does better. 404 before the launch, and for a campaign with one text. Needs `campaigns:read`."""
        return _trial(await trial_run.told(actor, campaign_id))

    @post("/winner", summary="Give one text to all who wait", status_code=200, opt={"rate": "send"})
    async def choose_winner(
        self, actor: Caller, campaign_id: FromPath[UUID], data: JSONBody[CampaignTrialChoice]
    ) -> CampaignTrialResult:
        """Whatever the test has told so far. 409 `trial_over` once it is decided. Needs `campaigns:send`."""
        return _trial(await trial_run.choose(actor, campaign_id, data.variant))


def _trial(found: Told) -> CampaignTrialResult:
    winner = found.row["trial_winner"]
    return CampaignTrialResult(
        state=found.state,
        metric=found.trial.metric,
        texts=[
            CampaignTrialText(
                letter=letter,
                text=text,
                share=share,
                people=people,
                reached=arm.reached,
                counted=arm.counted,
                likely=told.share,
                low=told.low,
                high=told.high,
                best=told.best,
            )
            for letter, text, share, people, arm, told in zip(
                LETTERS, found.texts, found.trial.shares, found.people, found.arms, found.verdicts, strict=False
            )
        ],
        waiting=found.waiting,
        missing=found.missing,
        sure=None if found.sure is None else LETTERS[found.sure],
        due=found.row["trial_due"],
        hours=found.trial.hours,
        winner=None if winner is None else LETTERS[winner],
        decided_by=found.row["trial_by"],
        decided_at=found.row["trial_at"],
    )
