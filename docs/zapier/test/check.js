"use strict";
// Reads the definition without Zapier's packages: its shape, and that drop-downs and searches name what there is.
// With an address and a key as arguments it carries calls out: a line of JSON on stdin for each,
// {"kind": "creates", "key": "contact", "what": "perform", "bundle": {"inputData": {…}}}. Each request that the app makes is a line on stdout
// and is answered by a line on stdin, {"status": 200, "headers": {…}, "data": …}; then comes what the app gives or throws.
const readline = require("readline");
const app = require("../index");

const wrong = [];
const must = (good, told) => good || wrong.push(told);

for (const [kind, types] of [["triggers", ["hook", "polling"]], ["creates", [undefined]], ["searches", [undefined]]]) {
  for (const [key, one] of Object.entries(app[kind])) {
    must(key === one.key && /^[a-z][a-z0-9_]+$/.test(key), `${kind}.${key}: key`);
    must(one.noun && one.display.label && /[.!]$/.test(one.display.description), `${kind}.${key}: display`);
    must(types.includes(one.operation.type), `${kind}.${key}: type`);
    must(typeof one.operation.perform === "function", `${kind}.${key}: perform`);
    must(one.operation.sample && one.operation.sample.id, `${kind}.${key}: sample`);
    if (one.operation.type === "hook") {
      for (const name of ["performSubscribe", "performUnsubscribe", "performList"]) {
        must(typeof one.operation[name] === "function", `${kind}.${key}: ${name}`);
      }
    }
    for (const field of one.operation.inputFields || []) {
      must(field.key && field.label, `${kind}.${key}: a field`);
      if (field.dynamic) must(app.triggers[field.dynamic.split(".")[0]], `${kind}.${key}.${field.key}: ${field.dynamic}`);
      if (field.search) must(app.searches[field.search.split(".")[0]], `${kind}.${key}.${field.key}: ${field.search}`);
    }
  }
}
must(typeof app.authentication.test === "function", "authentication");
if (wrong.length) {
  console.error(wrong.join("\n"));
  process.exit(1);
}
const [, , url, key] = process.argv;
if (!url) {
  console.log(`ok: ${Object.keys(app.triggers).length} triggers, ${Object.keys(app.creates).length} actions`);
  process.exit(0);
}

const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const next = async () => {
  const { value, done } = await lines.next();
  return done ? null : JSON.parse(value);
};
const say = (told) => console.log(JSON.stringify(told));

class AppError extends Error {
  constructor(message, code, status) {
    super(message);
    this.code = code;
    this.status = status;
  }
}
const errors = { Error: AppError, RefreshAuthError: class extends AppError {}, ThrottledError: class extends AppError {} };

/** As Zapier's `z.request`, through the app's own middleware. */
const z = { errors };
z.request = async (asked) => {
  let request = { headers: {}, params: {}, ...asked };
  for (const before of app.beforeRequest) request = await before(request, z, { authData: { url, key } });
  const where = new URL(request.url);
  for (const [name, value] of Object.entries(request.params)) where.searchParams.set(name, value);
  say({ request: { method: request.method, url: where.href, headers: request.headers, body: request.body } });
  const answer = await next();
  let response = { status: answer.status, data: answer.data, skipThrowForStatus: request.skipThrowForStatus };
  response.getHeader = (name) => answer.headers[name.toLowerCase()];
  for (const after of app.afterResponse) response = await after(response, z);
  return response;
};

const carryOut = async (call) => {
  const operation = call.kind === "authentication" ? app.authentication : app[call.kind][call.key].operation;
  const bundle = { authData: { url, key }, inputData: {}, meta: {}, ...call.bundle };
  return operation[call.what](z, bundle);
};

const main = async () => {
  for (let call = await next(); call; call = await next()) {
    try {
      say({ came: await carryOut(call) });
    } catch (error) {
      say({ thrown: error.constructor.name, message: error.message, status: error.status });
    }
  }
};
main();
