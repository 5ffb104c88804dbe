/* Following a link inside the app without loading anew what every page is made of: the HTML of the next page is fetched, and its
   elements take the place of those that are shown. Until then the old page stays. To the server it is a page like any other, with a
   client of its own. Whatever is not plainly one of our pages, and made of the same files, is opened by the browser. */
(function () {
  const ELSEWHERE = /^\/(assets|files|session|health|_nicegui|_nicegui_ws|channels\/connect)(\/|$)/; // connect: a policy of its own
  const EACH = 100; // visits until the browser loads a page whole, so that nothing gathers in a tab that is open for weeks
  const EARLY = 2000; // ms for which a page that was asked for early is taken
  const MADE_OF = "head link[rel=stylesheet], script[src]";
  const AHEAD = ".m-side a, .m-crumbs a, a.m-row-link"; // followed for sure once the button is down: asked for at once
  const madeOf = (page) => Array.from(page.querySelectorAll(MADE_OF), (one) => one.getAttribute("href") || one.getAttribute("src")).sort().join();
  const root = document.documentElement;
  let visits = 0, going = null, early = null, script = null;

  const inApp = ({ origin, pathname }) => ![pathname, location.pathname].some((path) => ELSEWHERE.test(path)) && origin === location.origin;

  function ask(url) {
    const control = new AbortController();
    const answer = fetch(url, { headers: { Accept: "text/html" }, signal: control.signal });
    answer.catch(() => {}); // told to who waits for it
    return { url, answer, control, at: performance.now() };
  }

  function visit(to, { push = true, top = 0 } = {}) {
    const url = new URL(to, location.href);
    const leave = () => (push ? location.assign(url) : location.reload());
    going?.control.abort();
    if (!inApp(url) || !window.Vue || !mounted_app || ++visits > EACH) return leave();
    const one = (going = early?.url === url.href && performance.now() - early.at < EARLY ? early : ask(url.href));
    early = null;
    root.classList.add("m-leaving");
    one.answer
      .then(async (answer) => {
        const at = new URL(answer.url);
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        if (one !== going) return;
        const made = Array.from(page.querySelectorAll("script[type=module]")).find((each) => each.textContent.includes("createApp("));
        const fits = page.documentElement.lang === root.lang && madeOf(page) === madeOf(document);
        if (answer.headers.get("X-NiceGUI-Content") !== "page" || !inApp(at) || !made || !fits) return leave();
        dispatchEvent(new Event("leave"));
        at.hash = url.hash;
        if (push) {
          history.replaceState({ ...history.state, top: scrollY }, "");
          history.pushState({}, "", at);
        } else history.replaceState(history.state, "", at);
        show(page.title, made.textContent, top);
      })
      .catch(() => one === going && leave()); // no connection: the browser's way leads to the page that says so
  }

  function show(title, code, top) {
    window.socket.off(); // that it ends is no lost connection
    window.socket.disconnect();
    window.did_handshake = false;
    const past = Vue.toRaw(mounted_app.elements);
    app.unmount();
    for (const id of Object.keys(past)) delete past[id]; // NiceGUI's timer holds them as long as the tab is open
    document.querySelectorAll("#app, body > .m-said, body > [id^=q-portal]").forEach((one) => one.remove());
    document.getElementById("popup").ariaHidden = true;
    document.title = title;
    document.getElementById("nicegui-keep-alive-cache").before(Object.assign(document.createElement("div"), { id: "app" }));
    script?.remove();
    script = Object.assign(document.createElement("script"), { type: "module", nonce: document.querySelector("script[nonce]").nonce });
    script.textContent = `${code}\ndispatchEvent(new Event("arrive"));`;
    script.onerror = () => location.reload();
    addEventListener("arrive", () => arrive(title, top), { once: true });
    document.body.append(script);
  }

  function arrive(title, top) {
    root.classList.remove("m-leaving");
    scrollTo(0, top);
    const region = document.body.appendChild(Object.assign(document.createElement("div"), { className: "m-said", role: "status" }));
    setTimeout(() => { region.textContent = title; }, 100); // a change is told, what was there is not
  }

  // The link that a press follows in this window, if it leads to another page of the app.
  function followed(event) {
    const link = event.target.closest?.("a[href]");
    if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return null;
    if ((link.target && link.target !== "_self") || link.hasAttribute("download") || !inApp(link)) return null;
    return link.hash && link.pathname + link.search === location.pathname + location.search ? null : link;
  }

  addEventListener("click", (event) => {
    const link = event.defaultPrevented ? null : followed(event);
    if (!link) return;
    event.preventDefault();
    visit(link.href);
  });

  addEventListener("pointerdown", (event) => {
    const link = event.pointerType === "mouse" ? followed(event) : null;
    if (!link?.matches(AHEAD)) return;
    early?.control.abort();
    early = ask(link.href);
  });

  const open = window.open;
  window.open = function (to, target, ...more) {
    if (target === "_self" && inApp(new URL(to, location.href))) return visit(to); // ui.navigate.to
    return open.call(this, to, target, ...more);
  };

  masteria.visit = visit;
  // What the address says, as it was left: Back and Forward between pages.
  masteria.again = () => visit(location.href, { push: false, top: history.state?.top });
})();
