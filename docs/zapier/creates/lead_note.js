"use strict";
const { post } = require("../requests");

module.exports = {
  key: "lead_note",
  noun: "Note",
  display: { label: "Add Note to Lead", description: "Writes a note on a lead that only your team sees." },
  operation: {
    inputFields: [
      { key: "lead_id", label: "Lead", required: true },
      { key: "body", label: "Note", type: "text", required: true },
    ],
    perform: (z, bundle) => post(z, bundle, `/v1/leads/${bundle.inputData.lead_id}/notes`, { body: bundle.inputData.body }, "lead_note"),
    sample: { id: "0198f3a2-6f7e-7c41-9a53-2f1d8c0b7e05", body: "Pediu desconto." },
  },
};
