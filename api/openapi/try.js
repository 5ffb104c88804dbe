// The forms of /docs: each sends one request to this API, with the key typed at the top of the page. The key is kept in that field
// only; nothing is stored. Answers are shown as text, never as HTML.
"use strict";

const key = document.getElementById("key");
const SHOWN = ["location", "etag", "retry-after", "ratelimit", "idempotency-replayed", "x-request-id"];

function asked(form) {
  let path = form.dataset.path;
  const query = new URLSearchParams(), headers = {};
  if (key.value.trim()) headers.Authorization = "Bearer " + key.value.trim();
  for (const field of form.querySelectorAll("[data-in]")) {
    const name = field.name, value = field.value;
    if (field.dataset.in === "path") path = path.replace("{" + name + "}", encodeURIComponent(value.trim()));
    else if (value === "") continue;
    else if (field.dataset.in === "query") query.append(name, value);
    else if (field.dataset.in === "header") headers[name] = value;
  }
  const options = { method: form.dataset.method, headers, credentials: "omit", redirect: "manual" };
  const body = form.querySelector("textarea");
  if (body && body.value.trim()) {
    headers["Content-Type"] = "application/json";
    options.body = body.value;
  }
  return [path + (query.size ? "?" + query : ""), options];
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

async function send(form) {
  const out = form.querySelector("output"), press = form.querySelector("button");
  press.disabled = true;
  out.textContent = "…";
  try {
    const answer = await fetch(...asked(form));
    const lines = SHOWN.filter((name) => answer.headers.has(name)).map((name) => name + ": " + answer.headers.get(name));
    const text = await answer.text();
    out.textContent = [answer.status + " " + answer.statusText, ...lines, "", pretty(text.slice(0, 200000))].join("\n");
  } catch {
    out.textContent = "No answer came. Is the API reachable from this browser?";
  } finally {
    press.disabled = false;
  }
}

document.addEventListener("submit", (event) => {
  event.preventDefault();
  if (event.target.matches("form.try")) send(event.target);
});

document.getElementById("find").addEventListener("input", (event) => {
  const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const one of document.querySelectorAll("details.op")) {
    const text = one.querySelector("summary").textContent.toLowerCase();
    one.hidden = !words.every((word) => text.includes(word));
  }
  for (const head of document.querySelectorAll("h2")) {
    let next = head.nextElementSibling, seen = false;
    while (next && next.matches("details")) [seen, next] = [seen || !next.hidden, next.nextElementSibling];
    head.hidden = !seen;
  }
});
