"""The API as the screens know it: a small server that speaks the contract over true HTTP, with made-up data in memory.

Only what `ui/client/accounts.py` asks for. Tests talk to it in process; run as a module it serves a port, to look at pages.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from api.channels import kind_view
from api.contract import accounts as contract
from api.contract.base import Done, FieldError, Page, Problem
from api.contract.campaigns import Figures
from api.contract.enums import CampaignState, InvitationMail, KeyEnd, Language, Permission, Role
from api.contract.home import Attention, Home, HomeCampaign, HomeDay
from api.contract.mcp import McpAddress
from db.permissions import ROLE_PERMISSIONS
from db.providers import registry
from db.settings import Settings

TOKEN = "token-ana"
PASSWORD = "cavalo-azul-42"
NOW = datetime.now(UTC)
READS = [Permission.COMPANY_READ, Permission.CONTACTS_READ, Permission.EVENTS_READ, Permission.TEAM_READ]


def _figures(audience: int, done: int) -> Figures:
    return Figures(audience=audience, waiting=audience - done, sent=done, delivered=done, read=0, replied=0, failed=0, stopped=0)


class State:
    """What one fake server remembers."""

    def __init__(self) -> None:
        self.ana, self.company_id = UUID(int=1), UUID(int=10)
        self.role = Role.OWNER
        self.tokens = {TOKEN}
        self.new_company = False
        self.down = False
        self.frozen = asyncio.Event()  # set: no request gets an answer any more
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.sockets: set[WebSocket] = set()
        self.socket_queries: list[str] = []
        self.full = 0  # so many of the next sockets are closed as soon as they stand: there is no room
        self.members = [
            contract.Member(user_id=self.ana, name="Ana Lima", email="ana@lojaaurora.com.br", role=Role.OWNER, role_id=None, role_name=None, answers=True, joined_at=NOW, last_seen_at=NOW, second_factor=False),
            contract.Member(user_id=UUID(int=2), name="Caio Prado", email="caio@lojaaurora.com.br", role=Role.MANAGER, role_id=None, role_name=None, answers=True, joined_at=NOW, last_seen_at=NOW - timedelta(hours=3), second_factor=False),
            contract.Member(user_id=UUID(int=3), name="Débora Alves", email="debora.alves@lojaaurora.com.br", role=Role.AGENT, role_id=None, role_name=None, answers=True, joined_at=NOW, last_seen_at=NOW - timedelta(days=2), second_factor=False),
            contract.Member(user_id=UUID(int=4), name="Helena Dias", email="helena@lojaaurora.com.br", role=Role.VIEWER, role_id=None, role_name=None, answers=False, joined_at=NOW, last_seen_at=None, second_factor=False),
        ]  # fmt: skip
        self.invitations = [
            contract.Invitation(id=uuid4(), email="novo@lojaaurora.com.br", role=Role.AGENT, role_id=None, role_name=None, invited_by="Ana Lima", created_at=NOW, expires_at=NOW + timedelta(days=7))
        ]  # fmt: skip
        self.roles = [
            contract.TeamRole(
                id=None, role=role, name=None, permissions=sorted(held), people=1, names=["Ana Lima"], invited=0, version=0
            )
            for role, held in ROLE_PERMISSIONS.items()
        ]
        self.keys = [
            contract.ApiKey(id=uuid4(), name="Loja virtual", prefix="mia_live_9f2c", scopes=[Permission.CONTACTS_WRITE, Permission.CONTACTS_READ], created_at=NOW, expires_at=NOW + timedelta(days=80), last_used_at=NOW - timedelta(minutes=4), last_used_from="203.0.113.7", addresses=["203.0.113.0/24"], test=False, api_version="2026-11-27", newest_version="2026-11-27", rotated_at=None, old_valid_until=None, created_by="Ana Lima", second_factor_missing=False, ended_at=None, ended_because=None),
            contract.ApiKey(id=uuid4(), name="Relatórios", prefix="mia_live_41ab", scopes=[Permission.CAMPAIGNS_READ], created_at=NOW, expires_at=None, last_used_at=None, last_used_from=None, addresses=[], test=False, api_version="2026-11-27", newest_version="2026-11-27", rotated_at=None, old_valid_until=None, created_by="Bruno Rocha", second_factor_missing=False, ended_at=NOW, ended_because=KeyEnd.MAKER_REMOVED),
        ]  # fmt: skip
        self.devices: list[str | None] = []
        self.sessions = [
            contract.SessionInfo(id=uuid4(), created_at=NOW, last_seen_at=NOW, ip="189.40.12.7", user_agent="Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36", company="Loja Aurora", current=True),
            contract.SessionInfo(id=uuid4(), created_at=NOW, last_seen_at=NOW - timedelta(days=1), ip="177.9.80.2", user_agent="Mozilla/5.0 (iPhone; CPU iPhone OS) Version/19 Safari/604", company="Loja Aurora", current=False),
        ]  # fmt: skip

    def company(self) -> contract.Company:
        return contract.Company(
            id=self.company_id, name="Loja Aurora", language=Language.PT_BR, time_zone="America/Sao_Paulo", country="BR", created_at=NOW, demo=False, answer_target=None, second_factor_required=False, same_text_hours=24
        )  # fmt: skip

    def me(self) -> contract.Me:
        permissions = list(Permission) if self.role in {Role.OWNER, Role.ADMIN} else READS
        return contract.Me(
            user_id=self.ana, name="Ana Lima", email="ana@lojaaurora.com.br", email_verified=True, language=Language.PT_BR, role=self.role,
            permissions=permissions, company=self.company(), companies=[contract.CompanyRef(id=self.company_id, name="Loja Aurora", role=self.role)],
        )  # fmt: skip

    def signed_in(self) -> contract.SignedIn:
        token = f"token-{uuid4()}"
        self.tokens.add(token)
        return contract.SignedIn(token=token, expires_at=NOW + timedelta(hours=12), me=self.me(), device="device-1")

    def home(self) -> Home:
        if self.new_company:
            zero = HomeDay(day="2026-11-22", sent=0, delivered=0, replied=0)
            return Home(contacts=0, channels=1, campaigns_total=0, running=[], today=zero, days=[zero], attention=[], has_channel=True, has_contacts=False, has_template=True, has_campaign=False, has_rehearsal=True, has_delivered=False, steps_away=False)  # fmt: skip
        sent = [3100, 0, 8200, 12100, 9400, 400, 0, 15200, 18400, 17100, 22300, 9100, 31200, 28100]
        days = [HomeDay(day=(NOW - timedelta(days=13 - n)).date().isoformat(), sent=s, delivered=int(s * 0.96), replied=s // 17) for n, s in enumerate(sent)]  # fmt: skip
        running = [
            HomeCampaign(id=uuid4(), name="Black Friday · clientes VIP", state=CampaignState.RUNNING, channel_name="WhatsApp +55 11 4000-1234", figures=_figures(100_000, 61_284), scheduled_at=None),
            HomeCampaign(id=uuid4(), name="Lembrete de retirada", state=CampaignState.PAUSED, channel_name="SMS 28901", figures=_figures(4_210, 1_300), scheduled_at=None),
            HomeCampaign(id=uuid4(), name="Natal · vestidos", state=CampaignState.SCHEDULED, channel_name="WhatsApp +55 11 4000-1234", figures=_figures(22_000, 0), scheduled_at=NOW + timedelta(days=1)),
        ]  # fmt: skip
        attention = [
            Attention(code="channel_error", subject_id=uuid4(), subject="WhatsApp Atacado"),
            Attention(code="import_rejects", subject_id=uuid4(), subject="clientes-nov.csv", count=37),
        ]
        return Home(contacts=203_481, channels=3, campaigns_total=12, running=running, today=days[-1], days=days, attention=attention, has_channel=True, has_contacts=True, has_template=True, has_campaign=True, has_rehearsal=True, has_delivered=True, steps_away=False)  # fmt: skip


def problem(status: int, code: str, detail: str = "No.", errors: list[FieldError] | None = None) -> Response:
    body = Problem(type="about:blank", title="Problem", status=status, code=code, detail=detail, errors=errors or [])
    return Response(msgspec.json.encode(body), status, media_type="application/problem+json")


def answer(value: object) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")


class FakeApi:
    """The ASGI app and its state."""

    def __init__(self) -> None:
        self.state = State()
        methods = ["GET", "POST", "PATCH", "DELETE"]
        self.app = Starlette(
            routes=[Route("/{path:path}", self.handle, methods=methods), WebSocketRoute("/v1/events", self.events)]
        )

    async def send(self, type: str, data: dict[str, object] | None = None, id: str = "1-0") -> None:
        frame = {"id": id, "type": type, "at": NOW.isoformat(), "data": data or {}}
        for socket in tuple(self.state.sockets):
            await socket.send_text(msgspec.json.encode(frame).decode())

    async def events(self, socket: WebSocket) -> None:
        if socket.headers.get("authorization", "").removeprefix("Bearer ") not in self.state.tokens:
            await socket.close(1008)
            return
        self.state.socket_queries.append(socket.url.query)
        await socket.accept()
        if self.state.full:
            self.state.full -= 1
            await socket.close(1013, "too_many_listeners retry-after=7")
            return
        await socket.send_text('{"type":"hello"}')
        self.state.sockets.add(socket)
        try:
            while True:
                await socket.receive_text()
        except WebSocketDisconnect:
            pass
        finally:
            self.state.sockets.discard(socket)

    async def handle(self, request: Request) -> Response:
        state, path, method = self.state, request.url.path, request.method
        body = await request.body()
        state.requests.append((method, path, dict(request.headers)))
        if state.frozen.is_set():
            await asyncio.Event().wait()
        if state.down:
            return problem(503, "unavailable")
        if path == "/v1/auth/sign-in":
            given = msgspec.json.decode(body, type=contract.SignIn)
            state.devices.append(given.device)
            await asyncio.sleep(0)
            return answer(state.signed_in()) if given.password == PASSWORD else problem(401, "bad_credentials")
        if path == "/v1/auth/sign-up":
            given_up = msgspec.json.decode(body, type=contract.SignUp)
            if given_up.email.startswith("ana@"):
                return problem(409, "email_taken")
            return answer(state.signed_in())
        if path == "/v1/auth/forgot-password":
            return answer(Done())
        if path.startswith("/v1/auth/invitations/"):
            if "gone" in path:
                return problem(404, "not_found")
            if path.endswith("/accept"):
                return answer(state.signed_in())
            return answer(contract.InvitationPreview(company_name="Loja Aurora", email="novo@lojaaurora.com.br", role=Role.AGENT, has_account=False))  # fmt: skip
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in state.tokens:
            return problem(401, "unauthenticated")
        return self.inside(method, path, body)

    def inside(self, method: str, path: str, body: bytes) -> Response:
        state = self.state
        pages = {"/v1/team": state.members, "/v1/team/invitations": state.invitations, "/v1/team/roles": state.roles, "/v1/api-keys": state.keys, "/v1/me/sessions": state.sessions}  # fmt: skip
        if method == "GET" and path in pages:
            return answer(Page(items=pages[path]))  # type: ignore[arg-type]
        if method == "DELETE":
            return Response(status_code=204)
        if path == "/v1/me":
            return answer(state.me())
        if path == "/v1/channel-kinds":
            return answer(Page(items=[kind_view(provider, Settings()) for provider in registry.providers()]))
        read = {
            "/v1/company": state.company,
            "/v1/home": state.home,
            "/v1/mcp": lambda: McpAddress(address="https://api.lojaaurora.com.br/mcp"),
        }.get(path)
        if read is not None:
            return answer(read())
        if path == "/v1/auth/sign-out":
            return answer(Done())
        if path == "/v1/team/invitations":
            given = msgspec.json.decode(body, type=contract.InvitationCreate)
            if given.email.startswith("ana@"):
                return problem(422, "invalid", errors=[FieldError(field="email", code="already_member", message="In the team.")])
            made = contract.Invitation(id=uuid4(), email=given.email, role=given.role, role_id=None, role_name=None, invited_by="Ana Lima", created_at=NOW, expires_at=NOW + timedelta(days=7))  # fmt: skip
            state.invitations.append(made)
            return answer(
                contract.InvitationCreated(
                    invitation=made, link="https://example.com/invitation/abc123", mail=InvitationMail.SENT
                )
            )
        if path == "/v1/api-keys":
            asked = msgspec.json.decode(body, type=contract.ApiKeyCreate)
            key = contract.ApiKey(id=uuid4(), name=asked.name, prefix="mia_live_77aa", scopes=asked.scopes, created_at=NOW, expires_at=asked.expires_at, last_used_at=None, last_used_from=None, addresses=[], test=False, api_version="2026-11-27", newest_version="2026-11-27", rotated_at=None, old_valid_until=None, created_by="Ana Lima", second_factor_missing=False, ended_at=None, ended_because=None)  # fmt: skip
            state.keys.append(key)
            return answer(contract.ApiKeyCreated(api_key=key, secret="mia_live_77aa_secret"))
        if path.startswith("/v1/team/"):
            return answer(state.members[1])
        return problem(404, "not_found")


if __name__ == "__main__":
    import sys

    import uvicorn

    uvicorn.run(FakeApi().app, port=int(sys.argv[1]), log_level="warning")
