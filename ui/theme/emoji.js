/* Choosing an emoji: all of them by group, by name in both languages, those used last first, people in the skin that was chosen once; or a
   reaction out of the usual six. Loaded with the first press that asks for one. */
const USUAL = ["👍", "❤️", "😂", "😮", "😢", "🙏"];
const SHELF = "recent:emoji", MOST_RECENT = 27, MOST_FOUND = 120, NARROW = 760;
const SIGNS = ["😀", "👋", "🐶", "🍎", "🚗", "⚽", "💡", "❤️", "🏁"];
const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
const words = () => JSON.parse(document.querySelector("[data-emoji]")?.dataset.emoji || "{}");
const make = (tag, classes, given = {}) => Object.assign(document.createElement(tag), { className: classes, type: "button", ...given });
const named = (one) => one[document.documentElement.lang.startsWith("en") ? 2 : 1];
const known = new Map(TABLE.groups.flat().map((one) => [one[0], one]));

const SKIN = "emoji:skin", HAND = "✋", SKINS = ["", "🏻", "🏼", "🏽", "🏾", "🏿"];
const real = rgi(); // which signs there are; null: this browser does not know, and no skin is offered
let skin = kept();

function rgi() {
  try {
    return new RegExp("^\\p{RGI_Emoji}$", "v");
  } catch {
    return null;
  }
}

function kept() {
  try {
    const found = localStorage.getItem(SKIN);
    return real && SKINS.includes(found) ? found : "";
  } catch {
    return "";
  }
}

// In the chosen skin, where there is such a sign.
function dressed(one) {
  if (!skin) return one;
  const changed = one.replace(/(\p{Emoji_Modifier_Base})\uFE0F?/gu, `$1${skin}`);
  return real.test(changed) ? changed : one;
}

function recent() {
  try {
    return JSON.parse(localStorage.getItem(SHELF) || "[]").filter((sign) => known.has(sign));
  } catch {
    return [];
  }
}

function used(sign) {
  if (!known.has(sign)) return;
  const rest = recent().filter((other) => other !== sign);
  localStorage.setItem(SHELF, JSON.stringify([sign, ...rest].slice(0, MOST_RECENT)));
}

// Words that begin as what was written, in any order; those whose name begins so come first.
function search(text) {
  const asked = fold(text).split(/\s+/).filter(Boolean);
  const found = [[], []];
  for (const one of known.values()) {
    one.all ??= fold(` ${one[1]} ${one[2]} ${one[3]}`).replace(/[^\p{L}\p{N}]+/gu, " ");
    if (!asked.every((word) => one.all.includes(` ${word}`)) && text !== one[0]) continue;
    found[[one[1], one[2]].some((name) => fold(name).startsWith(asked[0] || "")) ? 0 : 1].push(one);
  }
  return found.flat().slice(0, MOST_FOUND);
}

// A window over the page beside what was pressed; outside of it a press closes it, and what had the focus has it again.
function popup(classes, label, anchor, wide) {
  document.querySelector("dialog.m-emoji, dialog.m-react")?.close();
  const box = make("dialog", classes);
  box.setAttribute("aria-label", label);
  const leave = () => box.close();
  addEventListener("leave", leave);
  box.addEventListener("close", () => (removeEventListener("leave", leave), box.remove()));
  box.addEventListener("keydown", (event) => event.stopPropagation());
  const shown = performance.now(); // the finger that held a message is lifted over the window
  box.addEventListener("click", (event) => event.target === box && performance.now() - shown > 500 && box.close());
  document.body.append(box);
  const place = () => {
    if (wide && innerWidth < NARROW) return; // a sheet at the lower edge, by the stylesheet
    const at = anchor.getBoundingClientRect(), own = box.getBoundingClientRect();
    const above = at.top - own.height - 6, left = wide && at.left > innerWidth / 2 ? at.right - own.width : at.left;
    box.style.left = `${Math.max(8, Math.min(left, innerWidth - own.width - 8))}px`;
    box.style.top = `${Math.max(8, above > 8 ? above : Math.min(at.bottom + 6, innerHeight - own.height - 8))}px`;
  };
  return { box, show: () => (box.showModal(), place()) };
}

function sign(one, shown = dressed(one[0])) {
  const made = make("button", "m-emoji-one", { textContent: shown, title: named(one) });
  made.setAttribute("aria-label", named(one));
  made.dataset.sign = one[0];
  made.tabIndex = -1;
  return made;
}

function section(label, ones) {
  const made = make("div", "m-emoji-group");
  made.setAttribute("role", "group");
  made.setAttribute("aria-label", label);
  made.append(make("div", "m-emoji-name", { textContent: label }), ...ones.map((one) => sign(one)));
  return made;
}

/** Shows all of them; `choose` gets one. With Shift one more can be chosen. */
export function open(anchor, choose) {
  const said = words();
  const { box, show } = popup("m-emoji", said.title, anchor, true);
  const field = make("input", "m-emoji-search", { type: "search", placeholder: said.search, autocomplete: "off" });
  field.setAttribute("aria-label", said.search);
  const tabs = make("div", "m-emoji-tabs"), list = make("div", "m-emoji-list");
  const all = TABLE.groups.map((group, number) => section(said.groups[number], group));
  const none = make("p", "m-hint m-emoji-none", { textContent: said.none });
  none.setAttribute("role", "status");
  all.forEach((group, number) => {
    const tab = make("button", "m-emoji-tab", { textContent: SIGNS[number], title: said.groups[number] });
    tab.setAttribute("aria-label", said.groups[number]);
    tab.addEventListener("click", () => {
      if (field.value) (field.value = ""), draw();
      list.scrollTop = group.offsetTop - list.offsetTop;
    });
    tabs.append(tab);
  });
  const draw = () => {
    const text = field.value.trim(), last = recent();
    const found = text ? search(text) : [];
    if (text) list.replaceChildren(...(found.length ? [section(said.found, found)] : [none]));
    else list.replaceChildren(...(last.length ? [section(said.recent, last.map((one) => known.get(one)))] : []), ...all);
    list.scrollTop = 0;
    const first = list.querySelector(".m-emoji-one");
    if (first) first.tabIndex = 0;
  };
  const chosen = (one, more) => {
    used(one);
    if (!more) box.close();
    choose(dressed(one));
  };
  const skins = make("div", "m-emoji-skins");
  skins.setAttribute("role", "group");
  skins.setAttribute("aria-label", said.skin);
  SKINS.forEach((one, number) => {
    const made = make("button", "m-emoji-skin", { textContent: HAND + one, title: said.skins[number] });
    made.setAttribute("aria-label", said.skins[number]);
    made.setAttribute("aria-pressed", String(one === skin));
    made.addEventListener("click", () => {
      localStorage.setItem(SKIN, (skin = one));
      for (const other of skins.children) other.setAttribute("aria-pressed", String(other === made));
      for (const group of [list, ...all])
        for (const shown of group.querySelectorAll(".m-emoji-one")) shown.textContent = dressed(shown.dataset.sign);
    });
    skins.append(made);
  });
  field.addEventListener("input", draw);
  box.addEventListener("click", (event) => {
    const one = event.target.closest(".m-emoji-one");
    if (one) chosen(one.dataset.sign, event.shiftKey);
  });
  box.addEventListener("keydown", (event) => {
    const ones = [...list.querySelectorAll(".m-emoji-one")], at = ones.indexOf(document.activeElement);
    if (document.activeElement === field) {
      if (event.key === "Enter" && !event.isComposing) {
        event.preventDefault();
        if (field.value.trim() && ones.length) chosen(ones[0].dataset.sign, event.shiftKey);
      }
      if (event.key !== "ArrowDown" || !ones.length) return;
      event.preventDefault();
      return ones[0].focus();
    }
    if (at < 0) return;
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, ArrowDown: beside(ones, at, 1), ArrowUp: beside(ones, at, -1) }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    if (to < 0) return field.focus();
    (ones[Math.min(to, ones.length - 1)] || ones[at]).focus();
  });
  box.append(field, tabs, list, ...(real ? [skins] : []));
  draw();
  if (matchMedia("(hover: none)").matches) box.setAttribute("autofocus", ""); // else the keyboard of the phone comes up
  show();
}

/** Into a field, by its id: where its cursor is now, however the window moves the focus. */
export function write(anchor, id) {
  const field = document.getElementById(id);
  let at = [field.selectionStart, field.selectionEnd];
  open(anchor, (one) => {
    field.setSelectionRange(...at);
    masteria.insert(id, one);
    at = [field.selectionStart, field.selectionEnd];
  });
}

// The one above or below: the nearest of the next line.
function beside(ones, at, step) {
  const here = ones[at].getBoundingClientRect();
  let row = null, best = at;
  for (let to = at + step; to >= 0 && to < ones.length; to += step) {
    const there = ones[to].getBoundingClientRect();
    if (Math.abs(there.top - here.top) < 4) continue;
    if (row !== null && Math.abs(there.top - row) > 4) return best;
    if (row === null || Math.abs(there.left - here.left) < Math.abs(ones[best].getBoundingClientRect().left - here.left)) best = to;
    row = there.top;
  }
  return row === null && step < 0 ? -1 : best;
}

/** The usual six and all others; `mine` is the reaction that stands: chosen again it is taken back, as "". */
export function react(anchor, mine, choose) {
  const said = words();
  const { box, show } = popup("m-react", said.react, anchor, false);
  const usual = USUAL.map((one) => [one, dressed(one)]);
  const other = mine && !usual.some(([, shown]) => shown === mine);
  const signs = other ? [[mine, mine], ...usual.filter(([base]) => base !== mine).slice(0, 5)] : usual;
  for (const [base, one] of signs) {
    const made = sign(known.get(base) || [one, one, one, ""], one);
    made.tabIndex = 0;
    made.setAttribute("aria-pressed", String(one === mine));
    if (one === mine) made.title = said.back;
    made.addEventListener("click", () => (box.close(), choose(one === mine ? "" : one)));
    box.append(made);
  }
  const more = make("button", "m-emoji-one m-react-more", { title: said.more });
  more.setAttribute("aria-label", said.more);
  more.append(make("i", "q-icon notranslate material-symbols-rounded", { textContent: "add" }));
  more.firstChild.setAttribute("aria-hidden", "true");
  more.addEventListener("click", () => (box.close(), open(anchor, choose)));
  box.addEventListener("keydown", (event) => {
    const ones = [...box.children], step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    ones[(ones.indexOf(document.activeElement) + step + ones.length) % ones.length].focus();
  });
  box.append(more);
  show();
  (box.querySelector('[aria-pressed="true"]') || box.firstChild).focus();
}
