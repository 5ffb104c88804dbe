/* Where to go and what to do, by a few letters: Ctrl+K or ⌘K on every page.

   Pages, what can be done on this page, and what was looked at lately are in the browser and stand there with the letter; what the server
   finds is added below, and never moves what is marked. */
(function () {
  const MOST_RECENT = 40, SHOWN_RECENT = 6, PAUSE = 120, GIVE_UP = 8000;
  const RANKS = [
    "here", "go", "recent", "conversations", "contacts", "leads", "campaigns",
    "cadences", "templates", "personas", "boards", "segments", "knowledge",
  ];
  const mac = /Mac|iPhone|iPad/.test(navigator.platform);
  document.documentElement.classList.toggle("m-mac", mac);

  const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const make = (tag, classes = "", text = "") => Object.assign(document.createElement(tag), { className: classes, textContent: text });
  const given = () => JSON.parse(document.querySelector("[data-palette]")?.dataset.palette || "null");

  // -- what was looked at lately, of this person in this company, until they sign out --------------------------------
  const shelf = (key) => `recent:${key}`;
  function recent(settings) {
    try {
      const found = JSON.parse(localStorage.getItem(shelf(settings.key)) || "[]");
      return found.filter((one) => settings.roots.some((root) => one.path.startsWith(`${root}/`)));
    } catch {
      return [];
    }
  }
  function visited(one) {
    const settings = given();
    if (!settings) return;
    const rest = recent(settings).filter((other) => other.path !== one.path);
    localStorage.setItem(shelf(settings.key), JSON.stringify([one, ...rest].slice(0, MOST_RECENT)));
  }

  // -- what can be done on this page: the actions of its head, and what is marked as a command -----------------------
  function said(element) {
    const label = element.dataset.commandText || element.getAttribute("aria-label");
    if (label) return label;
    const copy = element.cloneNode(true);
    for (const sign of copy.querySelectorAll(".q-icon, .q-tooltip, .q-menu")) sign.remove();
    return copy.textContent.trim();
  }
  function actions() {
    const places = document.querySelectorAll(".m-actions > .m-btn, [data-command]");
    return [...places].filter((one) => one.checkVisibility() && !one.disabled && said(one)).map((one) => ({
      text: said(one),
      icon: one.dataset.commandIcon || one.querySelector(".q-icon")?.textContent || "bolt",
      keys: one.dataset.command || "",
      press: one,
    }));
  }

  // -- the window ----------------------------------------------------------------------------------------------------
  let box = null;

  class Palette {
    constructor(settings) {
      this.settings = settings;
      this.words = settings.words;
      this.number = 0;
      this.known = new Map();  // what the server found since it was opened, by address
      this.box = make("dialog", "m-palette");
      this.box.setAttribute("aria-label", this.words.title);
      const head = this.box.appendChild(make("div", "m-palette-head"));
      head.append(icon("search"));
      this.field = head.appendChild(make("input", "m-palette-field"));
      Object.assign(this.field, { type: "text", placeholder: this.words.field, autocomplete: "off", spellcheck: false, maxLength: 100 });
      const roles = { role: "combobox", "aria-label": this.words.field, "aria-controls": "palette", "aria-expanded": "true", "aria-autocomplete": "list" };
      for (const [name, value] of Object.entries(roles)) this.field.setAttribute(name, value);
      const close = head.appendChild(make("button", "m-palette-close"));
      close.type = "button";
      close.setAttribute("aria-label", this.words.close);
      close.append(icon("close"));
      close.addEventListener("click", () => this.close());
      this.list = this.box.appendChild(make("div", "m-palette-list"));
      this.list.id = "palette";
      this.list.setAttribute("role", "listbox");
      this.list.setAttribute("aria-label", this.words.title);
      this.status = this.box.appendChild(make("div", "m-palette-status"));
      this.status.setAttribute("role", "status");
      this.field.addEventListener("input", () => this.typed());
      this.box.addEventListener("keydown", (event) => this.key(event));
      this.box.addEventListener("close", () => { this.box.remove(); box = null; clearTimeout(this.waits); });
      this.box.addEventListener("click", (event) => event.target === this.box && this.close());
      this.actions = actions();
      document.body.append(this.box);
      this.box.showModal();
      this.field.focus();
      this.typed();
    }

    close() {
      this.box.close();
    }

    // -- what stands there -------------------------------------------------------------------------------------------
    typed() {
      const text = this.field.value.trim(), words = fold(text).split(/\s+/).filter(Boolean);
      this.number += 1;
      this.open = new Set();
      this.failed = false;
      clearTimeout(this.waits);
      this.list.textContent = "";
      this.sections = new Map();
      this.marked = null;
      const lately = recent(this.settings).filter((one) => one.path !== location.pathname + location.search);
      const matching = (entries) => words.length ? ranked(entries, words) : entries;
      if (!words.length) this.add("recent", lately.slice(0, SHOWN_RECENT));
      this.add("here", matching(this.actions));
      this.add("go", matching(this.settings.entries));
      if (words.length) {
        this.add("recent", matching(lately).slice(0, SHOWN_RECENT));
        for (const rank of RANKS) this.add(rank, matching([...this.known.values()].filter((one) => one.rank === rank)));
      }
      if (text.length > 1 || /\d/.test(text)) this.ask(text);
      this.tell();
    }

    ask(text) {
      const number = this.number;
      this.open = new Set(this.settings.searches);
      this.waits = setTimeout(() => {
        emitEvent("palette", { number, text });
        this.waits = setTimeout(() => {  // the server is away: what is here stays
          if (number !== this.number || !this.open.size) return;
          this.open.clear();
          this.failed = true;
          this.tell();
        }, GIVE_UP);
      }, PAUSE);
    }

    found({ number, group, entries }) {
      if (number !== this.number) return;
      this.open.delete(group);
      if (entries === null) this.failed = true;
      for (const one of entries || []) this.known.set(one.path, { ...one, rank: group });
      this.add(group, entries || []);
      this.tell();
    }

    /* Sections have one order; one that comes late goes below where its place would push what is marked. */
    add(rank, entries) {
      const fresh = entries.filter((one) => !one.path || !this.list.querySelector(`[data-path="${CSS.escape(one.path)}"]`));
      if (!fresh.length) return;
      let section = this.sections.get(rank);
      if (!section) {
        section = make("div", "m-palette-section");
        section.setAttribute("role", "group");
        const head = section.appendChild(make("div", "m-palette-name", this.words[rank]));
        head.id = `palette-${rank}`;
        section.setAttribute("aria-labelledby", head.id);
        section.dataset.rank = this.field.value.trim() ? RANKS.indexOf(rank) : rank === "recent" ? -1 : RANKS.indexOf(rank);
        const after = [...this.list.children].find((other) => Number(other.dataset.rank) > Number(section.dataset.rank));
        const pushes = after && this.marked && !(this.marked.compareDocumentPosition(after) & Node.DOCUMENT_POSITION_FOLLOWING);
        this.list.insertBefore(section, pushes ? null : after || null);
        this.sections.set(rank, section);
      }
      for (const one of fresh) section.append(this.option(one));
      if (!this.marked) this.mark(this.list.querySelector("[role=option]"));
    }

    option(one) {
      const line = make(one.path ? "a" : "div", "m-palette-option");
      line.id = `palette-option-${++Palette.options}`;
      line.setAttribute("role", "option");
      line.setAttribute("aria-selected", "false");
      line.tabIndex = -1;
      if (one.path) {
        line.href = one.path;
        line.dataset.path = one.path;
      }
      line.append(icon(one.icon));
      const text = line.appendChild(make("div", "m-palette-text"));
      text.append(make("span", "m-palette-what", one.text));
      if (one.hint) text.append(make("span", "m-palette-hint", one.hint));
      for (const each of text.children) each.dir = "auto";
      if (one.keys) line.append(make("kbd", "m-key", one.keys));
      line.addEventListener("mousemove", () => this.mark(line, false));
      line.addEventListener("click", (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;  // beside, as any link
        event.preventDefault();
        this.choose(line);
      });
      line.entry = one;
      return line;
    }

    tell() {
      const count = this.list.querySelectorAll("[role=option]").length;
      const text = this.field.value.trim();
      this.box.classList.toggle("m-palette-asks", this.open.size > 0);
      this.box.classList.toggle("m-palette-blank", !count);
      if (this.failed) this.status.textContent = this.words.failed;
      else if (this.open.size) this.status.textContent = this.words.asking;
      else if (!count) this.status.textContent = this.words.nothing.replace("{text}", text);
      else this.status.textContent = (count === 1 ? this.words.one : this.words.many).replace("{n}", count);
    }

    // -- choosing ----------------------------------------------------------------------------------------------------
    mark(line, reveal = true) {
      if (line === this.marked) return;
      this.marked?.setAttribute("aria-selected", "false");
      this.marked = line;
      line?.setAttribute("aria-selected", "true");
      if (line) this.field.setAttribute("aria-activedescendant", line.id);
      else this.field.removeAttribute("aria-activedescendant");
      if (line && reveal) line.scrollIntoView({ block: "nearest" });
    }

    key(event) {
      if (event.isComposing) return;
      const lines = [...this.list.querySelectorAll("[role=option]")], at = lines.indexOf(this.marked);
      const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
      if (step && lines.length) {
        event.preventDefault();
        const far = Math.abs(step) > 1;
        const next = far ? Math.min(lines.length - 1, Math.max(0, at + step)) : (at + step + lines.length) % lines.length;
        this.mark(lines[next]);
      } else if (event.key === "Enter" && event.target === this.field) {
        event.preventDefault();
        if (this.marked) this.choose(this.marked, event.ctrlKey || event.metaKey);
      } else if (event.key === "Tab" && event.target === this.field) {
        event.preventDefault();  // the lines are walked by arrows
      }
    }

    choose(line, beside = false) {
      const { path, press } = line.entry;
      if (path && beside) {
        window.open(path, "_blank", "noopener");
        return;
      }
      this.close();
      if (!path) press.click();
      else if (path.startsWith("/inbox/") && document.querySelector(".m-inbox")) {  // another conversation, the same page
        history.pushState(null, "", path);
        emitEvent("address", path);
      } else masteria.visit(path);
    }
  }
  Palette.options = 0;

  function icon(name) {
    const sign = make("i", "q-icon notranslate material-symbols-rounded", name);
    sign.setAttribute("aria-hidden", "true");
    return sign;
  }

  /* Those in which every word stands, digits also between signs; what begins with the words first. */
  function ranked(entries, words) {
    const found = [];
    for (const one of entries) {
      const text = fold(one.text), whole = `${text} ${fold(one.hint || "")}`, digits = whole.replace(/\D/g, "");
      const has = (word) => whole.includes(word) || (/^[\d+().-]{3,}$/.test(word) && digits.includes(word.replace(/\D/g, "")));
      if (!words.every(has)) continue;
      const start = text.startsWith(words[0]) ? 0 : text.split(/\s+/).some((part) => part.startsWith(words[0])) ? 1 : 2;
      found.push([start, one]);
    }
    return found.sort((one, other) => one[0] - other[0]).map(([, one]) => one);
  }

  function open() {
    const settings = given();
    if (settings && !box) box = new Palette(settings);
  }

  window.masteria.palette = { open, visited, found: (answer) => box?.found(answer) };

  addEventListener("keydown", (event) => {
    if (!(event.metaKey || event.ctrlKey) || event.altKey || event.shiftKey || event.key.toLowerCase() !== "k") return;
    if (!given()) return;
    event.preventDefault();
    if (box) box.close();
    else open();
  });
})();
