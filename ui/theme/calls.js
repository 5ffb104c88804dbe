/* A sound and a notice of the computer for messages that come in while Master IA is open. Of the pages that this browser shows one leads
   and is told what came in; it asks the other tabs who looks at what and who may sound, and one of them does. What was told, and when, is
   kept for all tabs: a page leads no longer than it is shown. */
(function () {
  const BURST = 4000, MINUTE = 60_000, LONGEST = 5000, TOLD = 100, NOTICES = 3;
  const DEFAULTS = { sound: true, notice: true, which: "ours" };
  const tab = Math.random().toString(36).slice(2), others = new BroadcastChannel("masteria-calls");
  let person; // kept between one page and the next, when neither is shown
  const key = () => (person = JSON.parse(document.querySelector("[data-palette]")?.dataset.palette || "{}").key ?? person);

  function read(shelf, fallback) {
    try {
      return { ...fallback, ...JSON.parse(localStorage.getItem(`${shelf}:${key()}`)) };
    } catch {
      return fallback;
    }
  }
  const write = (shelf, value) => localStorage.setItem(`${shelf}:${key()}`, JSON.stringify(value));
  const settings = () => read("calls", DEFAULTS);
  const pause = (time) => new Promise((done) => setTimeout(done, time));

  // -- the sound: browsers allow it once somebody has pressed something in the tab -----------------------------------
  let audio = null, resting = null;
  const may = () => navigator.userActivation?.hasBeenActive ?? audio !== null;
  function wake() {
    audio ??= new AudioContext();
    clearTimeout(resting);
    resting = setTimeout(() => audio.suspend(), 2000); // the computer's speaker is not held awake
  }
  for (const name of ["pointerdown", "keydown"]) addEventListener(name, wake, { capture: true, once: true });
  async function sound() {
    if (!may()) return;
    wake();
    await audio.resume();
    const start = audio.currentTime + 0.02;
    for (const [pitch, delay] of [[659, 0], [880, 0.13]]) {
      const tone = audio.createOscillator(), loud = audio.createGain(), at = start + delay;
      tone.frequency.value = pitch;
      loud.gain.setValueAtTime(0, at);
      loud.gain.linearRampToValueAtTime(0.16, at + 0.015);
      loud.gain.exponentialRampToValueAtTime(0.0001, at + 0.4);
      tone.connect(loud).connect(audio.destination);
      tone.start(at);
      tone.stop(at + 0.42);
    }
  }

  // -- who else is open ----------------------------------------------------------------------------------------------
  const looks = () => (document.visibilityState === "visible" && document.hasFocus() ? location.pathname : null);
  const me = () => ({ tab, looks: looks(), may: may() });
  let gather = () => {};
  others.addEventListener("message", ({ data }) => {
    if (data.asks) others.postMessage({ answers: data.asks, ...me() });
    else if (data.answers === tab) gather(data);
    else if (data.rings === tab) sound();
  });
  const OPEN = "masteria-open:"; // a lock that every tab holds says how many answer
  navigator.locks?.request(OPEN + tab, () => new Promise(() => {}));
  async function everybody() {
    const { held } = await navigator.locks.query(), open = [me()];
    const asked = held.filter(({ name }) => name.startsWith(OPEN) && name !== OPEN + tab).length;
    return new Promise((done) => {
      setTimeout(done, LONGEST, open);
      gather = (one) => { if (open.push(one) > asked) done(open); };
      if (asked) others.postMessage({ asks: tab });
      else done(open);
    });
  }

  // -- what came in --------------------------------------------------------------------------------------------------
  const wanted = (which, one) => which === "all" || one.mine || (which === "ours" && one.unassigned);
  async function tell(came) {
    const open = await everybody();
    const chosen = settings(), past = read("told", { ids: [], heard: 0, rang: 0 }), now = Date.now();
    const fresh = came.filter(
      (one) => !past.ids.includes(one.id) && wanted(chosen.which, one) && !open.some(({ looks }) => one.paths.includes(looks)),
    );
    const ids = [...new Set([...past.ids, ...came.map(({ id }) => id)])].slice(-TOLD);
    const first = now > past.heard + BURST || now > past.rang + MINUTE; // of several together; where they never end, once a minute
    write("told", { ids, heard: fresh.length ? now : past.heard, rang: fresh.length && first ? now : past.rang });
    if (!fresh.length) return;
    const ringer = open.find((one) => one.tab === tab && one.may) || open.find((one) => one.may);
    if (chosen.sound && first && ringer) {
      if (ringer.tab === tab) sound();
      else others.postMessage({ rings: ringer.tab });
    }
    // a computer that never says whether it shows a notice does not hold up the next one
    if (chosen.notice) await Promise.race([notice(fresh.slice(-NOTICES), chosen.sound && first && !ringer), pause(LONGEST)]);
  }
  /* Under the tag that a push message about the conversation has: one takes the other's place, and of two at once the first is heard. */
  async function notice(fresh, loud) {
    if (window.Notification?.permission !== "granted") return;
    const worker = await navigator.serviceWorker?.getRegistration();
    const icon = "/assets/static/icon-192.png";
    for (const { name, text, paths, tag } of worker ? fresh : []) {
      const there = await worker.getNotifications({ tag });
      const again = there.some(({ timestamp }) => Date.now() - timestamp < BURST);
      const how = { silent: !loud || again, renotify: !again };
      await worker.showNotification(name, { body: text, tag, icon, badge: icon, data: paths[0], ...how });
      loud = false;
    }
  }

  // -- a person on the line: one tab sounds until it is decided, and the titles of all say so ---------------------------
  const PHONE = "☎ ";
  let hush = () => {}, title = "";
  function ring(name, text) {
    quiet();
    title = document.title;
    document.title = `${PHONE}${name}`;
    const over = new Promise((done) => (hush = done));
    navigator.locks?.request("masteria-ring", { ifAvailable: true }, (lock) => {
      if (!lock) return null;
      sound();
      const again = setInterval(sound, 2500);
      if (!looks() && settings().notice) notice([{ name, text, paths: [location.pathname], tag: "call" }], false);
      return over.then(() => clearInterval(again));
    });
  }
  function quiet() {
    hush();
    if (document.title.startsWith(PHONE)) document.title = title;
  }
  addEventListener("leave", quiet);

  // -- which page leads ----------------------------------------------------------------------------------------------
  let turn = Promise.resolve(), shown = new AbortController();
  function lead() {
    shown.abort();
    const { signal } = (shown = new AbortController());
    const until = () => new Promise((done) => signal.addEventListener("abort", done));
    navigator.locks?.request("masteria-calls", { signal }, () => { emitEvent("calls"); return until(); }).catch(() => {});
  }
  addEventListener("leave", () => shown.abort());

  masteria.calls = {
    lead,
    ring,
    quiet,
    sound,
    heard(came) { turn = turn.then(() => tell(came)).catch(() => {}); },
    settings: () => ({ ...settings(), permission: window.Notification?.permission || "none" }),
    set(change) { write("calls", { ...settings(), ...change }); },
    async allow() { return (await window.Notification?.requestPermission()) || "denied"; },
  };
})();
