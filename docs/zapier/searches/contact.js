"use strict";
const { get } = require("../requests");

module.exports = {
  key: "find_contact",
  noun: "Contact",
  display: { label: "Find Contact", description: "Finds a contact by phone, e-mail or name." },
  operation: {
    inputFields: [{ key: "search", label: "Phone, e-mail or name", required: true }],
    perform: async (z, bundle) => (await get(z, bundle, "/v1/contacts", { search: bundle.inputData.search, limit: 5 })).items,
    sample: { id: "0198f3a2-6f7e-7c41-9a53-2f1d8c0b7e01", name: "Ana Lima" },
  },
};
