/* The little that must happen in the browser itself: theme, copy, keyboard, service worker. */
(function () {
  const media = matchMedia("(prefers-color-scheme: dark)");
  const stored = () => (document.cookie.match(/(?:^|; )theme=(\w+)/) || [])[1] || "system";
  const dark = (theme) => theme === "dark" || (theme !== "light" && media.matches);

  function paint() {
    const on = dark(stored());
    document.documentElement.classList.toggle("m-dark", on);
    if (window.Quasar && document.body) window.Quasar.Dark.set(on);
  }

  // What the browser offers at a moment of its own is kept until somebody wants it.
  let offered = null;
  addEventListener("beforeinstallprompt", (event) => {
    event.preventDefault();
    offered = event;
  });
  addEventListener("appinstalled", () => (offered = null));

  window.masteria = {
    app: {
      // "installed": this is the app; "offered": the browser can make it one; "phone": it is added by hand; or "none"
      state() {
        if (matchMedia("(display-mode: standalone)").matches || navigator.standalone) return "installed";
        if (offered) return "offered";
        return "standalone" in navigator ? "phone" : "none";
      },
      async install() {
        const asked = offered;
        offered = null;
        asked?.prompt();
        return (await asked?.userChoice)?.outcome || "none";
      },
    },
    theme(name) {
      const secure = location.protocol === "https:" ? "; Secure" : "";
      document.cookie = `theme=${name}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
      paint();
    },
    async copy(text, button) {
      try {
        await navigator.clipboard.writeText(text);
      } catch {
        const area = Object.assign(document.createElement("textarea"), { value: text });
        document.body.append(area);
        area.select();
        document.execCommand("copy");
        area.remove();
      }
      if (button) {
        button.classList.add("m-copied");
        setTimeout(() => button.classList.remove("m-copied"), 1600);
      }
    },
    // The number on the icon of the installed app.
    badge(count) {
      const told = count ? navigator.setAppBadge?.(count) : navigator.clearAppBadge?.();
      told?.catch(() => {}); // where the app is not installed
    },
    push: {
      // "none": this browser cannot; "denied": the person said no; "off"; or the address that it has
      async state() {
        if (!("PushManager" in window) || !("serviceWorker" in navigator) || !isSecureContext) return "none";
        if (Notification.permission === "denied") return "denied";
        const worker = await navigator.serviceWorker.ready;
        return (await worker.pushManager.getSubscription())?.endpoint || "off";
      },
      async on(key) {
        try {
          if ((await Notification.requestPermission()) !== "granted") return { refused: "denied" };
          const { pushManager } = await navigator.serviceWorker.ready;
          const bytes = Uint8Array.from(atob(key.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
          const old = await pushManager.getSubscription();
          const same = old && String(new Uint8Array(old.options.applicationServerKey)) === String(bytes);
          if (old && !same) await old.unsubscribe();
          const { endpoint, keys } = (same ? old : await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes })).toJSON();
          return { endpoint, ...keys };
        } catch (error) {
          return { refused: String(error) };
        }
      },
      async off() {
        if (!("PushManager" in window) || !("serviceWorker" in navigator)) return;
        const worker = await navigator.serviceWorker.ready;
        await (await worker.pushManager.getSubscription())?.unsubscribe();
      },
    },
    forget() {
      for (const key of Object.keys(localStorage)) if (/^(draft|recent|told):/.test(key)) localStorage.removeItem(key);
    },
    // Loaded when the first emoji is asked for: `write(anchor, id)` into a field, `react(anchor, mine, choose)`.
    async emoji(name, ...given) {
      try {
        (await import("EMOJI"))[name](...given);
      } catch (error) {
        const said = JSON.parse(document.querySelector("[data-emoji]")?.dataset.emoji || "{}").failed;
        window.Quasar.Notify.create({ message: said || String(error), classes: "m-toast", attrs: { role: "alert" } });
      }
    },
    // Where this browser is, told once: its coordinates, or the number of the reason why not (1: it may not).
    here(tell) {
      if (!navigator.geolocation) return tell({ refused: 2 });
      const found = ({ coords }) => tell({ latitude: coords.latitude, longitude: coords.longitude, within: coords.accuracy });
      const given = { enableHighAccuracy: true, timeout: 15000, maximumAge: 60000 };
      navigator.geolocation.getCurrentPosition(found, (error) => tell({ refused: error.code }), given);
    },
    insert(id, text) {
      const field = document.getElementById(id);
      if (!field) return;
      field.focus();
      field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
      field.dispatchEvent(new Event("input", { bubbles: true }));
    },
    // Puts what is selected between two marks, or the cursor between them.
    wrap(id, mark) {
      const field = document.getElementById(id);
      if (!field) return;
      const { selectionStart: from, selectionEnd: to } = field;
      const inside = field.value.slice(from, to);
      field.focus();
      field.setRangeText(mark + inside + mark, from, to, "end");
      if (!inside) field.setSelectionRange(from + 1, from + 1);
      field.dispatchEvent(new Event("input", { bubbles: true }));
    },
    reveal(id) {
      const element = getHtmlElement(id);
      if (!element || element.getBoundingClientRect().top < innerHeight * 0.6) return;
      const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
      element.scrollIntoView({ block: "center", behavior: calm ? "auto" : "smooth" });
    },
    // Scrolls to what was looked for, and shows which it is for a moment.
    point(element) {
      if (!element) return;
      element.scrollIntoView({ block: "center" });
      element.classList.remove("m-pointed");
      void element.offsetWidth;
      element.classList.add("m-pointed");
    },
    wrong(id, said) {
      const element = getHtmlElement(id);
      if (!element) return;
      const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
      element.scrollIntoView({ block: "center", behavior: calm ? "auto" : "smooth" });
      const control = element.querySelector("input, textarea, [tabindex='0']");
      if (!control) element.tabIndex = -1;
      (control || element).focus({ preventScroll: true });
      const place = element.closest("[role=dialog]") || document.body;
      let region = place.querySelector(":scope > .m-said[role=alert]");
      if (!region) {
        region = place.appendChild(document.createElement("div"));
        region.className = "m-said";
        region.setAttribute("role", "alert");
      }
      region.textContent = "";
      setTimeout(() => { region.textContent = said; }, 100);  // a change is told, what was there is not
    },
    roll(id, from, to, language) {
      const element = getHtmlElement(id);
      if (!element || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
      const start = performance.now();
      const step = (now) => {
        const share = Math.min(1, Math.max(0, (now - start) / 450)); // a frame may carry a time from before the start
        const value = Math.round(from + (to - from) * (1 - (1 - share) ** 3));
        if (document.contains(element)) element.textContent = value.toLocaleString(language);
        if (share < 1 && element.dataset.roll === String(start)) requestAnimationFrame(step);
      };
      element.dataset.roll = String(start);
      requestAnimationFrame(step);
    },
    // The provider's script opens its window for connecting a number; what both tell becomes one event of the page.
    signup(options) {
      let code = "", data = null, over = false, blocked = false;
      const end = (event, more) => {
        if (over) return;
        over = true;
        removeEventListener("message", heard);
        emitEvent("signup", { event, ...more });
      };
      const both = () => code && data && end("finish", { code, data });
      const trusted = (origin) => {
        const { host, protocol } = new URL(origin);
        if (!options.origin.startsWith(".")) return host === options.origin;
        return protocol === "https:" && `.${host}`.endsWith(options.origin);
      };
      const heard = (message) => {
        let told;
        try {
          told = trusted(message.origin) && JSON.parse(message.data);
        } catch {
          return;
        }
        if (told?.type !== "WA_EMBEDDED_SIGNUP") return;
        if (String(told.event).startsWith("FINISH")) data = told.data || {};
        else if (told.event === "ERROR" || told.data?.error_message) end("error", { detail: told.data?.error_message || "" });
        else if (told.event === "CANCEL") end("closed");
        both();
      };
      emitEvent("signup", { event: "opened" });  // first, so that whatever follows finds the attempt begun
      if (!window.FB) return end("no_script");
      addEventListener("message", heard);
      const open = window.open;
      window.open = (...given) => {
        const made = open.apply(window, given);
        blocked = !made;
        return made;
      };
      try {
        FB.init({ appId: options.app_id, version: options.version, xfbml: false, cookie: false });
        FB.login((answer) => {
          code = answer?.authResponse?.code || "";
          if (!code) return setTimeout(() => end("closed"), 1500);  // what the window told last may still be on its way
          both();
          setTimeout(() => end("no_number"), 8000);
        }, {
          config_id: options.config_id,
          response_type: "code",
          override_default_response_type: true,
          extras: { setup: {} },
        });
      } finally {
        window.open = open;
      }
      if (blocked) end("blocked");
    },
    // A step of a sequence that has the focus as a whole: the keys of `ui/pages/cadences/flow.py`.
    steps(event, emit) {
      const step = event.target;
      if (!step.matches?.(".m-seq-step")) return;
      const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      const what = { Enter: "change", Delete: "remove" }[event.key] ?? (event.altKey && by && (by < 0 ? "up" : "down"));
      if (!what && !by) return;
      event.preventDefault();
      if (what) return emit(step.dataset.step, what);
      const all = [...document.querySelectorAll(".m-seq-step")].filter((one) => one.offsetParent);
      all[all.indexOf(step) + by]?.focus();
    },
    toStep(id, tries = 20) {
      const step = document.querySelector(`[data-step="${id}"]`);
      if (step) step.focus();
      else if (tries) setTimeout(() => masteria.toStep(id, tries - 1), 50);
    },
    undo(message, label, event, timeout) {
      window.Quasar.Notify.create({
        message,
        timeout,
        icon: "sym_r_check_circle",
        classes: "m-toast",
        attrs: { role: "status" },
        actions: [{ label, flat: true, noCaps: true, handler: () => emitEvent(event) }],
      });
    },
  };
  media.addEventListener("change", paint);

  // Back and Forward between addresses of one page: the page draws what the address says.
  addEventListener("popstate", () => {
    if (document.documentElement.matches(".m-leaving")) masteria.again(); // no page is there that could draw it
    else emitEvent("address", location.pathname + location.search);
  });

  // The way up leads to the list as it was left: with its filters and its page.
  for (const name of ["pagehide", "leave"]) {
    addEventListener(name, () => sessionStorage.setItem("left:" + location.pathname, location.search));
  }
  const back = (event) => {
    const link = event.target.closest?.(".m-crumbs a, [data-up]");
    const left = link && !link.search && sessionStorage.getItem("left:" + link.pathname);
    if (left) link.href = link.pathname + left;
  };
  for (const name of ["pointerdown", "keydown"]) addEventListener(name, back, true);

  addEventListener("keydown", (event) => {
    if ((event.key === "Enter" || event.key === " ") && event.target.matches && event.target.matches("[data-press]")) {
      event.preventDefault();
      event.target.click();
    }
  });

  // Single keys of a page that names them: <div data-keys="j k /">. "/" leads to the search, the others go to the page.
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
    const place = event.target.closest?.("input, textarea, select, [contenteditable], .q-menu, .q-dialog, [role=listbox]");
    if (place || document.querySelector(".q-menu, .q-dialog__inner")) return;
    const keys = document.querySelector("[data-keys]")?.dataset.keys.split(" ") || [];
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (!keys.includes(key)) return;
    if (key.startsWith("Arrow") && event.target.closest?.("[role=log]")) return; // scrolls what is read
    event.preventDefault();
    if (key === "/") document.querySelector(".m-search input")?.focus();
    else emitEvent("key", key);
  });

  // What is cut short is told whole: by the title of the text, or of the link or line that it stands in.
  const isCut = (text) => text.scrollWidth > text.clientWidth;
  const tellWhole = ({ target }) => {
    const place = target.closest?.("a, [data-press], .m-clip");
    if (!place || (place.title && !place.dataset.whole)) return;
    const texts = [place, ...place.querySelectorAll(".m-clip, .m-cell-two > *")];
    const whole = texts.filter((text) => text.matches(".m-clip, .m-cell-two > *") && isCut(text)).map((text) => text.textContent);
    if (whole.length) place.title = whole.join("\n");
    else place.removeAttribute("title");
    place.dataset.whole = whole.length ? "yes" : "";
  };
  for (const name of ["pointerover", "focusin"]) addEventListener(name, tellWhole, { passive: true });

  // The name of a button that is only a sign, over it: one for the whole page, never over a menu that the button opens.
  const NAMED = ".m-icon[aria-label]:not([title])";
  let tip = null, tipped = null;
  const untip = () => {
    tip?.remove();
    tip = tipped = null;
  };
  const tell = (button) => {
    if (button === tipped) return;
    untip();
    if (!button || button.matches(".disabled")) return;
    tipped = button;
    tip = document.body.appendChild(Object.assign(document.createElement("div"), { className: "q-tooltip m-tip", textContent: button.ariaLabel }));
    tip.ariaHidden = "true"; // the button has the same name
    const at = button.getBoundingClientRect(), below = at.top < 40;
    const place = { left: `${at.left + at.width / 2}px`, top: `${below ? at.bottom + 4 : at.top - 4}px` };
    Object.assign(tip.style, { ...place, transform: `translate(-50%, ${below ? 0 : -100}%)` });
    requestAnimationFrame(() => {
      const size = tip?.getBoundingClientRect();
      const over = size && Math.max(0, size.right - innerWidth + 4) - Math.max(0, 4 - size.left);
      if (over) tip.style.marginLeft = `${-over}px`;
    });
    const watch = () => tipped === button && (button.isConnected ? setTimeout(watch, 300) : untip());
    watch();
  };
  addEventListener("pointerover", (event) => event.pointerType === "mouse" && !event.buttons && tell(event.target.closest?.(NAMED)), { passive: true });
  addEventListener("focusin", (event) => event.target.matches?.(":focus-visible") && tell(event.target.closest(NAMED)), { passive: true });
  for (const name of ["pointerdown", "focusout", "scroll", "leave", "blur"]) addEventListener(name, untip, { passive: true, capture: true });
  addEventListener("keydown", (event) => ["Escape", "Enter", " "].includes(event.key) && untip(), true);
  document.addEventListener("pointerleave", untip);

  // Busy at once: what was pressed says so until the server says anything, however slow it is.
  let pressed = null;
  const calm = () => {
    for (const one of document.querySelectorAll(".m-waiting")) one.classList.remove("m-waiting");
    document.documentElement.classList.remove("m-asking");
  };
  addEventListener("click", (event) => {
    pressed = event.target.closest?.("button, .q-btn, .q-item, [data-press], [role=tab]");
    setTimeout(() => (pressed = null));
  }, true);
  const asks = (name, message) => {
    if (name !== "event" || !pressed?.closest(`#c${message.id}`)) return; // itself, or a part that the browser drew
    if (pressed.closest(".q-menu")) document.documentElement.classList.add("m-asking"); // the menu closes: a line at the top
    else pressed.classList.add("m-waiting");
    setTimeout(calm, 30000); // should no answer be due at all
  };
  const listen = () => {
    const socket = window.socket;
    if (!socket) return requestAnimationFrame(listen);
    const emit = socket.emit;
    socket.emit = function (...said) { // not onAnyOutgoing: what is pressed before the socket is open waits in it
      asks(...said);
      return emit.apply(this, said);
    };
    socket.onAny(calm);
    socket.on("disconnect", calm);
  };
  listen();
  addEventListener("arrive", listen);

  // "Connection lost": read aloud, and a part of the page of its own
  addEventListener("DOMContentLoaded", () => {
    for (const popup of document.querySelectorAll(".nicegui-error-popup")) popup.setAttribute("role", "alert");
  });

  // Following a link: a line at the top until the next page is there.
  addEventListener("beforeunload", () => document.documentElement.classList.add("m-leaving"));
  addEventListener("pageshow", () => document.documentElement.classList.remove("m-leaving"));

  if ("serviceWorker" in navigator && isSecureContext) addEventListener("load", () => navigator.serviceWorker.register("/sw.js"));
})();
