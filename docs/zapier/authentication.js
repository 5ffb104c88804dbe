"use strict";
const { get } = require("./requests");

const test = (z, bundle) => get(z, bundle, "/v1/me");

module.exports = {
  type: "custom",
  test,
  connectionLabel: "{{company.name}} ({{name}})",
  fields: [
    {
      key: "url",
      label: "Address of the API",
      type: "string",
      required: true,
      helpText: "Such as `https://api.example.com`, as *Settings → API keys* shows it.",
    },
    {
      key: "key",
      label: "API key",
      type: "password",
      required: true,
      helpText: "*Settings → API keys → Create key*, with `webhooks:read` and `webhooks:write` for instant triggers, and what the Zap does.",
    },
  ],
};
