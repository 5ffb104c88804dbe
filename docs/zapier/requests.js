"use strict";
// What all requests have in common.

/** The address of the API without a slash at its end. */
const base = (bundle) => String(bundle.authData.url || "").trim().replace(/\/+$/, "");

const addKey = (request, z, bundle) => {
  if (bundle.authData && bundle.authData.key) {
    request.headers = { ...request.headers, Authorization: `Bearer ${bundle.authData.key}` };
  }
  return request;
};

/** Says what the API says, which is written for people. 401 has Zapier ask for a new connection, 429 has it wait. */
const tellErrors = (response, z) => {
  if (response.status < 400 || response.skipThrowForStatus) return response;
  const problem = response.data || {};
  const fields = (problem.errors || []).map((one) => `${one.field}: ${one.message}`);
  const told = [problem.detail || `HTTP ${response.status}`, ...fields].join(" ");
  if (response.status === 401) throw new z.errors.RefreshAuthError(told);
  if (response.status === 429) {
    throw new z.errors.ThrottledError(told, Number(response.getHeader("retry-after")) || 60);
  }
  throw new z.errors.Error(told, problem.code || "error", response.status);
};

/** What is filled in, without what was left empty. */
const filled = (fields) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== null && value !== ""));

/** The same step of the same run twice is done once: its key goes along. */
const once = (bundle, name) => {
  const run = bundle.meta && (bundle.meta.zap_run_id || bundle.meta.executionId);
  const zap = bundle.meta && bundle.meta.zap && bundle.meta.zap.id;
  return run ? { "Idempotency-Key": `zapier-${zap || 0}-${run}-${name}` } : {};
};

const get = async (z, bundle, path, params) =>
  (await z.request({ method: "GET", url: base(bundle) + path, params: params || {} })).data;

const post = async (z, bundle, path, body, name) =>
  (await z.request({ method: "POST", url: base(bundle) + path, headers: once(bundle, name), body })).data;

module.exports = { addKey, base, filled, get, post, tellErrors };
