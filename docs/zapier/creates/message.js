"use strict";
const { post } = require("../requests");

module.exports = {
  key: "message",
  noun: "Message",
  display: { label: "Send Message", description: "Writes to one contact over a channel, while the channel lets you." },
  operation: {
    inputFields: [
      { key: "channel_id", label: "Channel", required: true, dynamic: "channels.id.name" },
      { key: "contact_id", label: "Contact", required: true, search: "find_contact.id" },
      { key: "text", label: "Text", type: "text", required: true, helpText: "WhatsApp takes free text for 24 hours after the person wrote." },
    ],
    perform: (z, bundle) => {
      const { channel_id, contact_id, text } = bundle.inputData;
      return post(z, bundle, "/v1/messages", { channel_id, contact_id, content: { kind: "text", text } }, "message");
    },
    sample: { id: "0198f3a2-6f7e-7c41-9a53-2f1d8c0b7e03" },
  },
};
