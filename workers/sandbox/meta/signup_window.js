/* How Meta's window ends, told to the page that opened it in Meta's form. */
(() => {
  const query = new URLSearchParams(location.search);
  const tell = (message) => window.opener?.postMessage(message, query.get("origin"));
  const say = (event, data) => tell(JSON.stringify({ type: "WA_EMBEDDED_SIGNUP", event, version: "3", data }));
  const leave = () => setTimeout(() => window.close(), 100);  // what was told arrives first

  document.getElementById("cancel").addEventListener("click", () => {
    say("CANCEL", { current_step: "PHONE_NUMBER_SETUP" });
    leave();
  });
  document.getElementById("finish").addEventListener("click", async () => {
    const outcome = document.getElementById("outcome").value;
    if (outcome === "error") {
      say("ERROR", { error_message: "The business account is restricted.", error_code: "524126", session_id: "sandbox" });
      leave();
      return;
    }
    const body = { client_id: query.get("client_id"), business: document.getElementById("business").value, outcome };
    const answer = await fetch("/connect/finish", { method: "POST", body: JSON.stringify(body) });
    const { code, data } = await answer.json();
    if (outcome === "no_number") {
      say("FINISH_ONLY_WABA", { waba_id: data.waba_id, business_id: data.business_id });
    } else {
      say("FINISH", data);
    }
    tell({ sandboxCode: code });
    leave();
  });
})();
