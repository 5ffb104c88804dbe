"use strict";
// Choices of drop-downs; hidden, because nobody starts a Zap with them.
const { get } = require("../requests");

const list = (key, noun, path, name) => ({
  key,
  noun,
  display: { label: `List of ${noun}s`, description: `Fills drop-downs with ${noun.toLowerCase()}s.`, hidden: true },
  operation: {
    type: "polling",
    perform: async (z, bundle) => (await get(z, bundle, path(bundle))).items.map((one) => ({ id: one.id, name: name(one) })),
    sample: { id: "0198f3a2-6f7e-7c41-9a53-2f1d8c0b7e01", name: noun },
  },
});

module.exports = [
  list("channels", "Channel", () => "/v1/channels", (one) => one.name),
  list("boards", "Board", () => "/v1/boards", (one) => one.name),
  list("stages", "Stage", (bundle) => `/v1/boards/${bundle.inputData.board_id}/stages`, (one) => one.name),
];
