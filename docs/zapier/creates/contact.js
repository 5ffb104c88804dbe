"use strict";
const { filled, post } = require("../requests");

module.exports = {
  key: "contact",
  noun: "Contact",
  display: { label: "Create or Update Contact", description: "Finds a contact by phone, e-mail or your own ID and brings it up to date, or makes it." },
  operation: {
    inputFields: [
      { key: "phone", label: "Phone", helpText: "With or without the country code." },
      { key: "email", label: "E-mail" },
      { key: "external_id", label: "Your own ID" },
      { key: "name", label: "Name" },
      { key: "tags", label: "Tags", list: true },
    ],
    perform: (z, bundle) => post(z, bundle, "/v1/contacts/upsert", filled(bundle.inputData), "contact"),
    sample: { id: "0198f3a2-6f7e-7c41-9a53-2f1d8c0b7e01", name: "Ana Lima" },
  },
};
