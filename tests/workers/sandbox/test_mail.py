"""Mail that the product sends is caught, kept, and shown without running anything in it."""

from email.message import EmailMessage

import aiosmtplib

from tests.workers.sandbox.world import Sandbox

LINK = "https://painel.example.test/senha?token=abc&x=1"


async def send(sandbox: Sandbox, subject: str, text: str, markup: str = "") -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Master IA <oi@example.test>", "ana@example.test", subject
    message.set_content(text)
    if markup and text:
        message.add_alternative(markup, subtype="html")
    elif markup:
        message.set_content(markup, subtype="html")
    await aiosmtplib.send(message, hostname="127.0.0.1", port=sandbox.world.smtp_port, start_tls=False)


async def test_mail_is_caught_and_shown(sandbox: Sandbox) -> None:
    await send(sandbox, "Redefinição de senha", f"Olá Ana, abra {LINK}.", "<b>oi</b>")
    await send(sandbox, "<script>alert(1)</script>", "<img src=x onerror=alert(1)> javascript:alert(1)")
    await send(sandbox, "Convite", "", f'<style>p{{}}</style><p>Entre &amp; veja</p><a href="{LINK}">aqui</a>')
    mails = (await sandbox.http.get("/sandbox/mails", params={"to": "ANA@example.test"})).json()["data"]
    assert [mail["subject"] for mail in mails] == ["Convite", "<script>alert(1)</script>", "Redefinição de senha"]
    assert mails[2]["links"] == [LINK]
    assert mails[0]["links"] == [LINK]
    assert (await sandbox.http.get("/sandbox/mails", params={"to": "bia@example.test"})).json()["data"] == []
    page = await sandbox.http.get("/mail")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "Redefinição de senha" in page.text
    assert 'href="https://painel.example.test/senha?token=abc&amp;x=1"' in page.text
    assert "<script>" not in page.text
    assert "<img" not in page.text
    assert 'href="javascript' not in page.text
    assert "Entre &amp; veja" in page.text
    await sandbox.restart()
    assert len((await sandbox.http.get("/sandbox/mails")).json()["data"]) == 3
