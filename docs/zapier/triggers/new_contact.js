"use strict";
// A trigger that asks every few minutes, for keys that may not make webhooks. Newest first; Zapier knows the ids it has seen.
const { get } = require("../requests");

module.exports = {
  key: "new_contact",
  noun: "Contact",
  display: { label: "New Contact", description: "Triggers when a contact is made. Looks every few minutes." },
  operation: {
    type: "polling",
    perform: async (z, bundle) => (await get(z, bundle, "/v1/contacts", { sort: "recent", limit: 200 })).items,
    sample: { id: "0198f3a2-6f7e-7c41-9a53-2f1d8c0b7e01", name: "Ana Lima", phone: "+5511988887777" },
  },
};
