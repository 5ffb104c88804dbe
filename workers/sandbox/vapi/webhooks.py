"""How VAPI proves itself at a server's address: a secret, a bearer token, or an HMAC with the moment."""

import base64
import hashlib
import hmac
import time

from workers.sandbox.vapi.account import VapiAccount


def headers(account: VapiAccount, body: bytes) -> dict[str, str]:
    told = {"content-type": "application/json", "user-agent": "Vapi/1.0"}
    secret, moment = account.server_secret, str(int(time.time()))
    match account.auth:
        case "secret":
            return told | {"x-vapi-secret": secret}
        case "bearer":
            return told | {"authorization": f"Bearer {secret}"}
        case "hmac":
            signed = hmac.new(secret.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()
            return told | {"x-timestamp": moment, "x-signature": f"sha256={signed}"}
    name = hashlib.sha256(body).hexdigest()[:24]
    signed_body = hmac.new(secret.encode(), f"{name}.{moment}.".encode() + body, hashlib.sha256).digest()
    proof = base64.b64encode(signed_body).decode()
    return told | {"webhook-id": name, "webhook-timestamp": moment, "webhook-signature": f"v1,{proof}"}
