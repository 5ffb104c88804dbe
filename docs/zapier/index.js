"use strict";
// The app as Zapier reads it. Every request goes to the public API of the installation whose address the user typed.
const authentication = require("./authentication");
const { events } = require("./triggers/events");
const lists = require("./triggers/lists");
const newContact = require("./triggers/new_contact");
const creates = [
  require("./creates/contact"),
  require("./creates/lead"),
  require("./creates/message"),
  require("./creates/contact_note"),
  require("./creates/lead_note"),
];
const findContact = require("./searches/contact");
const { addKey, tellErrors } = require("./requests");

const byKey = (found) => Object.fromEntries(found.map((one) => [one.key, one]));
let platformVersion = "17.0.0";
try {
  platformVersion = require("zapier-platform-core").version;
} catch (error) {
  // without the package the definition can still be read and checked
}

module.exports = {
  version: require("./package.json").version,
  platformVersion,
  authentication,
  beforeRequest: [addKey],
  afterResponse: [tellErrors],
  triggers: byKey([...events, newContact, ...lists]),
  creates: byKey(creates),
  searches: byKey([findContact]),
  resources: {},
};
