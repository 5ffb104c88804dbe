// The main job over types generated from the OpenAPI document: node scenario.js <address> <session token> <receiver>.
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

declare const process: { argv: string[] };
type Problem = components["schemas"]["Problem"];

const [address = "", token = "", receiver = ""] = process.argv.slice(2);
const session = createClient<paths>({ baseUrl: address, headers: { Authorization: `Bearer ${token}` } });

function ok<T>(answer: { data?: T; error?: Problem; response: Response }): T {
  if (answer.error !== undefined) throw new Error(`${answer.response.status} ${answer.error.code}: ${answer.error.detail}`);
  return answer.data as T;
}

async function until<T>(look: () => Promise<T>, enough: (found: T) => boolean): Promise<T> {
  for (;;) {
    const found = await look();
    if (enough(found)) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

const scopes: components["schemas"]["Permission"][] = [
  "contacts:read", "contacts:write", "contacts:export", "channels:read", "templates:read", "templates:write",
  "campaigns:read", "campaigns:write", "campaigns:send", "conversations:read", "webhooks:read", "webhooks:write",
];
const key = ok(await session.POST("/v1/api-keys", { body: { name: "TypeScript", scopes } }));
const api = createClient<paths>({ baseUrl: address, headers: { Authorization: `Bearer ${key.secret}` } });

const types: components["schemas"]["WebhookType"][] = ["contact.changed", "campaign.changed", "message.status"];
const hook = ok(await api.POST("/v1/webhooks", { body: { url: receiver, types, description: "", legacy_signature: false } }));

const form = new FormData();
form.append("file", new Blob(["Nome;Celular\nAna Lima;+5595998220001\nBruno Sá;+5595998220002\n"]), "typescript.csv");
const uploaded = ok(await api.POST("/v1/imports", { body: { file: "" }, bodySerializer: () => form }));
const seen = await until(
  async () => ok(await api.GET("/v1/imports/{import_id}", { params: { path: { import_id: uploaded.id } } })),
  (found) => found.state === "ready",
);
const columns = seen.columns.map(({ index, target }) => ({ index, target }));
ok(
  await api.POST("/v1/imports/{import_id}/start", {
    params: { path: { import_id: seen.id } },
    body: { columns, tags: ["typescript"] },
  }),
);
const imported = await until(
  async () => ok(await api.GET("/v1/imports/{import_id}", { params: { path: { import_id: seen.id } } })),
  (found) => found.finished_at !== null,
);
check(imported.created + imported.unchanged === 2, `imported: ${JSON.stringify(imported)}`);

const channels = ok(await api.GET("/v1/channels"));
const channel = channels.items.find((each) => each.kind === "whatsapp");
if (channel === undefined) throw new Error("no WhatsApp channel");
const made = ok(
  await api.POST("/v1/templates", {
    body: {
      channel_id: channel.id,
      name: `ts_${Date.now()}`,
      language: "pt_BR",
      category: "utility",
      body: "Oi {{1}}, seu pedido chegou.",
      body_examples: ["Ana"],
    },
  }),
);
const template = await until(
  async () => ok(await api.GET("/v1/templates/{template_id}", { params: { path: { template_id: made.id } } })),
  (found) => found.status === "approved",
);

const draft = ok(await api.POST("/v1/campaigns", { body: { name: "TypeScript" } }));
const params = { path: { campaign_id: draft.id } };
ok(
  await api.PATCH("/v1/campaigns/{campaign_id}", {
    params,
    body: {
      channel_id: channel.id,
      template_id: template.id,
      bindings: [{ placeholder: "1", source: "first_name", fallback: "cliente" }],
      audience: { import_id: imported.id },
    },
  }),
);
const stale = await api.PATCH("/v1/campaigns/{campaign_id}", {
  params: { ...params, header: { "If-Match": '"0"' } },
  body: { name: "Too late" },
});
check(stale.response.status === 412 && stale.error?.code === "changed_meanwhile", "a stale If-Match went through");
const keyed = { ...params, header: { "Idempotency-Key": `launch-${draft.id}` } };
ok(await api.POST("/v1/campaigns/{campaign_id}/launch", { params: keyed, body: {} }));
const again = await api.POST("/v1/campaigns/{campaign_id}/launch", { params: keyed, body: {} });
check(again.response.headers.get("Idempotency-Replayed") === "true", "the launch was not replayed");
const twice = await api.POST("/v1/campaigns/{campaign_id}/launch", { params, body: {} });
check(twice.response.status === 409 && twice.error !== undefined, "a second launch went through");

const progress = await until(
  async () => ok(await api.GET("/v1/campaigns/{campaign_id}/progress", { params })),
  (found) => found.figures.sent === 2,
);
const recipients = ok(await api.GET("/v1/campaigns/{campaign_id}/recipients", { params: { ...params, query: { limit: 10 } } }));
const table = ok(await api.GET("/v1/campaigns/{campaign_id}/recipients.csv", { params, parseAs: "text" }));
check(recipients.items.length === 2 && table.includes("+5595998220001"), "recipients");

const wrong = await api.POST("/v1/contacts", { body: { email: "nowhere" } });
check(wrong.error?.errors?.[0]?.field === "email", JSON.stringify(wrong.error));
const told = { webhook: hook.id, secret: hook.secret, campaign: draft.id };
console.log(JSON.stringify({ sent: progress.figures.sent, addresses: recipients.items.map((each) => each.address).sort(), ...told }));
