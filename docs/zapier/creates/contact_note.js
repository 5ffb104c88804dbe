"use strict";
const { post } = require("../requests");

module.exports = {
  key: "contact_note",
  noun: "Note",
  display: { label: "Add Note to Contact", description: "Writes a note that only your team sees." },
  operation: {
    inputFields: [
      { key: "contact_id", label: "Contact", required: true, search: "find_contact.id" },
      { key: "body", label: "Note", type: "text", required: true },
    ],
    perform: (z, bundle) =>
      post(z, bundle, `/v1/contacts/${bundle.inputData.contact_id}/notes`, { body: bundle.inputData.body }, "contact_note"),
    sample: { id: "0198f3a2-6f7e-7c41-9a53-2f1d8c0b7e04", body: "Prefere à tarde." },
  },
};
