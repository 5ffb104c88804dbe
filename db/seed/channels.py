"""The channels of a made-up company, both on the sandbox."""

from datetime import datetime, timedelta

import asyncpg

from db import crypto
from db.channels.actions import SANDBOX_HORIZON
from db.providers.meta.definition import PROVIDER as META
from db.providers.twilio.definition import PROVIDER as TWILIO
from db.seed.company import DEMO, Made

WHATSAPP, SMS = DEMO.whatsapp, DEMO.sms
SMS_RATE = 4  # segments per second: the running campaign is seen running


async def write_channels(c: asyncpg.Connection, at: datetime, company: Made = DEMO) -> None:
    """Connected once their check has made their accounts on the sandbox."""
    for channel, provider, rate in ((company.whatsapp, META, META.sandbox_throughput), (company.sms, TWILIO, SMS_RATE)):
        await c.execute(
            """insert into channel(company_id, id, kind, sandbox, name, account_id, external_id, portfolio_id, verify_token, throughput,
                                   messaging_limit, unknown_horizon, created_at)
            values ($1, $2, $3, true, $4, $5, $5, $5, $6, $7, $8, $9, $10)""",
            company.id,
            channel,
            provider.kind,
            f"{provider.label.pt_br} da loja",
            f"sandbox-{channel.hex}",
            crypto.new_token() if provider.has_handshake else None,
            rate,
            provider.sandbox_messaging_limit,
            SANDBOX_HORIZON,
            at - timedelta(days=90),
        )
