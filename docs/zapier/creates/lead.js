"use strict";
const { filled, post } = require("../requests");

module.exports = {
  key: "lead",
  noun: "Lead",
  display: { label: "Create Lead", description: "Makes a lead on a board." },
  operation: {
    inputFields: [
      { key: "board_id", label: "Board", required: true, dynamic: "boards.id.name", altersDynamicFields: true },
      { key: "stage_id", label: "Stage", dynamic: "stages.id.name", helpText: "Empty: the first one of the board." },
      { key: "title", label: "Title", required: true },
      { key: "contact_id", label: "Contact", search: "find_contact.id" },
      { key: "value", label: "Value", type: "number", helpText: "In the currency of the board, such as 149.90." },
      { key: "tags", label: "Tags", list: true },
    ],
    perform: (z, bundle) => {
      const { value, ...rest } = filled(bundle.inputData);
      const cents = value === undefined ? {} : { value_cents: Math.round(Number(value) * 100) };
      return post(z, bundle, "/v1/leads", { ...rest, ...cents }, "lead");
    },
    sample: { id: "0198f3a2-6f7e-7c41-9a53-2f1d8c0b7e02", title: "Bicicleta" },
  },
};
