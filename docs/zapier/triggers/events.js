"use strict";
// Instant triggers: a REST hook is a webhook of one type, made when the Zap is switched on and deleted when it is switched off.
const { base, get, post } = require("../requests");

/** One event as the Zap sees it. Deliveries come at least once: `id` is the same each time. */
const shown = (id, body) => ({ id, happened_at: body.timestamp, sequence: body.sequence, ...body.data });

const header = (headers, name) => {
  const found = Object.keys(headers || {}).find((one) => one.toLowerCase().replace(/^http-/, "") === name);
  return found ? headers[found] : undefined;
};

const event = (key, type, noun, label, description) => ({
  key,
  noun,
  display: { label, description },
  operation: {
    type: "hook",
    performSubscribe: (z, bundle) =>
      post(z, bundle, "/v1/webhooks", { url: bundle.targetUrl, types: [type], description: `Zapier: ${label}` }, "subscribe"),
    performUnsubscribe: async (z, bundle) => {
      const url = `${base(bundle)}/v1/webhooks/${bundle.subscribeData.id}`;
      const answer = await z.request({ method: "DELETE", url, skipThrowForStatus: true });
      if (answer.status !== 204 && answer.status !== 404) throw new z.errors.Error(`HTTP ${answer.status}`, "unsubscribe", answer.status);
      return { id: bundle.subscribeData.id };
    },
    perform: (z, bundle) => {
      const request = bundle.rawRequest || {};
      const body = bundle.cleanedRequest;
      return [shown(header(request.headers, "webhook-id") || `${body.type}:${body.sequence}`, body)];
    },
    performList: async (z, bundle) => {
      const known = await get(z, bundle, "/v1/webhooks/types");
      const found = known.items.filter((one) => one.type === type);
      return found.map((one) => shown("msg_sample", { timestamp: "2026-01-10T12:00:00Z", sequence: 1, data: one.data }));
    },
    sample: { id: "msg_sample", happened_at: "2026-01-10T12:00:00Z", sequence: 1 },
  },
});

const events = [
  event("message_received", "message.received", "Message", "Message Received", "Triggers when somebody writes."),
  event("lead_moved", "lead.moved", "Lead", "Lead Moved", "Triggers when a lead goes to another stage."),
  event("lead_changed", "lead.changed", "Lead", "Lead Created or Changed", "Triggers when a lead is made, changed or deleted."),
  event("contact_changed", "contact.changed", "Contact", "Contact Created or Changed", "Triggers when a contact is made, changed or deleted."),
  event("conversation_closed", "conversation.closed", "Conversation", "Conversation Closed", "Triggers when a conversation is closed."),
  event("campaign_changed", "campaign.changed", "Campaign", "Campaign Changed", "Triggers when a campaign begins, ends or changes."),
];

module.exports = { events };
