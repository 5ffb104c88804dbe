/* A Kanban board: columns of cards that are dragged, walked by keyboard and loaded while one scrolls.
   One element for the page, however many cards. The order of a column is that of the ranks; a card that was dropped stays where it is
   until the page says `settle` or `back`. What arrives during a drag waits for its end. */
import { Sortable } from "nicegui-sortable";

const EDGE = 70; // pixels from an edge within which what is carried takes the board or the column along
const FASTEST = 20; // pixels in a sixtieth of a second, at the edge and beyond it

/** How fast, from -1 to 1, towards which end of a length. */
const towards = (low, high, at) => {
  const edge = Math.min(EDGE, (high - low) / 4);
  if (at < low + edge) return Math.max(-1, (at - low) / edge - 1);
  return at > high - edge ? Math.min(1, 1 - (high - at) / edge) : 0;
};

/** Whether it moved. */
const scroll = (element, side, amount) => {
  const was = element[side];
  if (amount) element[side] += Math.sign(amount) * Math.ceil(Math.abs(amount));
  return element[side] !== was;
};

const before = (one, other) => one.rank < other.rank || (one.rank === other.rank && one.id < other.id);

export default {
  template: `
<div class="m-board-box">
  <div class="m-board-tabs" role="group" :aria-label="texts.stages">
    <button v-for="(column, at) in columns" :key="column.id" type="button" class="m-chip" :class="['m-stage-' + column.color, {'m-chip-on': at === shown}]"
      :aria-pressed="at === shown" @click="go(at)">
      <i class="m-dot" aria-hidden="true"></i>{{ column.name }} {{ column.count }}</button>
  </div>
  <div class="m-board" ref="board" @keydown="key" @scroll.passive="scrolled">
    <section v-for="column in columns" :key="column.id" class="m-stage" :class="'m-stage-' + column.color"
      :aria-label="column.name">
      <header class="m-stage-head">
        <i class="m-dot" aria-hidden="true"></i>
        <h2 class="m-strong m-clip">{{ column.name }}</h2>
        <span class="m-stage-count" :class="column.over ? 'm-badge m-warn' : 'm-hint'" :title="column.over">{{ column.count }}</span>
        <span class="m-stage-value m-hint">{{ column.value }}</span>
        <button v-if="can && !column.closed" type="button" class="m-stage-add m-end" :aria-label="column.add" :title="column.add" @click="begin(column)">
          <i class="q-icon notranslate material-symbols-rounded" aria-hidden="true">add</i></button>
      </header>
      <form v-if="adding === column.id" class="m-quick" @submit.prevent="add(column)" @keydown.esc.stop="adding = null">
        <input type="text" ref="quick" v-model="title" maxlength="200" :aria-label="column.add" :placeholder="texts.title"
          :readonly="busy" autocomplete="off">
        <button type="submit" class="m-quick-do" :disabled="busy || !title.trim()">{{ texts.add }}</button>
      </form>
      <ul class="m-leads" :data-stage="column.id" ref="lists">
        <li v-for="card in column.cards" :key="card.id" class="m-lead" :data-id="card.id"
          v-memo="[card, picked.has(card.id), pending.has(card.id), tab(column) === card.id, opened === card.id, picking]"
          :class="{'m-lead-on': picked.has(card.id) || opened === card.id, 'm-lead-busy': pending.has(card.id)}">
          <a class="m-lead-link" :href="card.href" draggable="false" :tabindex="tab(column) === card.id ? 0 : -1"
            :aria-pressed="picking ? picked.has(card.id) : undefined" :role="picking ? 'button' : undefined"
            @click="press($event, card)" @focus="at[column.id] = card.id">{{ card.title }}</a>
          <button v-if="can" type="button" class="m-lead-more" :tabindex="tab(column) === card.id ? 0 : -1"
            :aria-label="card.menu" @click.stop="choose($event.currentTarget, card)"><i
            class="q-icon notranslate material-symbols-rounded" aria-hidden="true">more_horiz</i></button>
          <span v-if="card.who" class="m-lead-who m-clip">{{ card.who }}</span>
          <span v-for="fact in card.facts" class="m-lead-who m-hint m-clip">{{ fact }}</span>
          <div v-if="card.value || card.due || card.owner" class="m-lead-foot">
            <span class="m-num">{{ card.value }}</span>
            <span v-if="card.due" class="m-badge" :class="'m-' + card.tone" :title="card.dueTitle">{{ card.due }}</span>
            <span v-if="card.owner" class="m-avatar m-tiny m-end" :class="'m-tint-' + card.tint" role="img" :aria-label="card.owner"
              :title="card.owner">{{ card.initials }}</span>
          </div>
          <div v-if="card.ai || card.suggestions" class="m-lead-ai">
            <span v-if="card.ai" class="m-badge m-info" :title="card.why"><i class="q-icon notranslate material-symbols-rounded"
              aria-hidden="true">auto_awesome</i><span class="m-clip">{{ card.ai }}</span></span>
            <span v-if="card.suggestions" class="m-badge m-warn m-clip">{{ card.suggestions }}</span>
          </div>
          <span v-if="card.quote" class="m-lead-quote m-hint m-clip" dir="auto">{{ card.quote }}</span>
          <div v-if="card.tags.length" class="m-lead-tags"><span v-for="tag in card.tags" class="m-chip">{{ tag }}</span></div>
        </li>
        <li v-if="column.failed" class="m-leads-end m-leads-failed" role="alert">{{ column.failed }}
          <button type="button" class="m-link" @click="again(column)">{{ texts.again }}</button></li>
        <li v-else-if="column.full" class="m-leads-end m-hint">{{ texts.full }}</li>
        <li v-else-if="column.more" class="m-leads-end m-leads-wait" :data-more="column.id"><span class="m-hint">{{ texts.loading }}</span></li>
        <li v-else-if="!column.cards.length" class="m-leads-end m-leads-none m-hint">{{ texts.none }}</li>
      </ul>
    </section>
  </div>
  <div v-if="picking" class="m-board-bulk" role="group" :aria-label="texts.selection">
    <span class="m-strong" aria-live="polite">{{ counted }}</span>
    <button type="button" class="m-quick-do" :disabled="!picked.size" @click="bulk($event.currentTarget)">{{ texts.move }}</button>
    <button type="button" class="m-link" @click="unpick">{{ texts.cancel }}</button>
  </div>
  <q-menu v-if="menu" ref="menu" v-model="menuOpen" :target="menu.place" :key="menu.number" no-parent-event anchor="bottom right" self="top right"
    :offset="[0, 4]" @show="entered" @hide="left">
    <div class="m-board-menu" role="menu" :aria-label="menu.label" @keydown="walk">
      <template v-if="menu.card">
        <q-item v-if="menu.card.talk" clickable role="menuitem" :href="menu.card.talk"><div class="m-menu-item">
          <i class="q-icon notranslate material-symbols-rounded" aria-hidden="true">forum</i><div>{{ texts.talk }}</div></div></q-item>
        <q-item v-for="step in steps" :key="step.key" clickable role="menuitem" @click="menuMove(step)"><div class="m-menu-item">
          <i class="q-icon notranslate material-symbols-rounded" aria-hidden="true">{{ step.icon }}</i><div>{{ step.text }}</div></div></q-item>
        <q-item clickable role="menuitem" @click="menuPick"><div class="m-menu-item">
          <i class="q-icon notranslate material-symbols-rounded" aria-hidden="true">check_box</i><div>{{ texts.select }}</div></div></q-item>
        <div class="m-menu-line"></div>
      </template>
      <div class="m-menu-head">{{ texts.move }}</div>
      <q-item v-for="column in columns.filter((one) => !one.closed)" :key="column.id" clickable role="menuitem" :class="'m-stage-' + column.color"
        :disable="!!menu.card && where(menu.card.id)?.column === column" @click="menuTo(column)"><div class="m-menu-item">
        <i class="m-dot" aria-hidden="true"></i><div>{{ column.name }}</div></div></q-item>
    </div>
  </q-menu>
  <div class="m-said" role="status">{{ said }}</div>
</div>`,
  props: { stages: Array, cards: Object, texts: Object, can: Boolean },
  emits: ["move", "more", "lead", "add", "bulk", "undo", "unbulk"],
  data() {
    return {
      columns: [],
      picked: new Set(),
      pending: new Set(),
      picking: false,
      adding: null,
      title: "",
      busy: false,
      at: {},
      opened: null,
      menu: null,
      menuOpen: false,
      said: "",
      shown: 0,
    };
  },
  computed: {
    counted() {
      return this.texts.picked.replace("{n}", this.picked.size);
    },
    steps() {
      const { column, index } = this.where(this.menu.card.id) || {};
      if (!column) return [];
      const steps = [];
      if (index > 0) steps.push({ key: "top", icon: "vertical_align_top", text: this.texts.top, to: 0 });
      if (index > 0) steps.push({ key: "up", icon: "arrow_upward", text: this.texts.up, to: index - 1 });
      if (index < column.cards.length - 1) steps.push({ key: "down", icon: "arrow_downward", text: this.texts.down, to: index + 1 });
      return steps;
    },
  },
  created() {
    this.queue = [];
    this.moves = new Map();
    this.undo = null;
    this.later = new Map();
    this.number = 0;
    this.dragging = false;
    this.heads(this.stages);
    for (const [id, page] of Object.entries(this.cards)) this.lay(id, page.cards, page, false);
  },
  mounted() {
    this.sortables = new Map();
    this.watcher = new IntersectionObserver(this.seen, { root: this.$refs.board, rootMargin: "600px 0px" });
    this.bind();
    this.reveal();
    window.addEventListener("keydown", this.undoKey);
  },
  updated() {
    this.bind();
  },
  beforeUnmount() {
    window.removeEventListener("keydown", this.undoKey);
    this.letGo();
    this.socket?.off("disconnect", this.lost);
    this.watcher.disconnect();
    for (const sortable of this.sortables.values()) sortable.destroy();
    for (const flying of document.querySelectorAll("body > .m-lead-flying")) flying.remove(); // SortableJS leaves it behind
  },
  methods: {
    // -- what the page tells ------------------------------------------------------------------------------------
    /** The columns in their order, with names, figures and colours; cards stay. */
    heads(stages) {
      this.whenStill(() => {
        const known = new Map(this.columns.map((column) => [column.id, column]));
        this.columns = stages.map((stage) => {
          const { cards = [], more = false, full = false, failed = "", loading = false } = known.get(stage.id) || {};
          return { ...stage, cards, more, full, failed, loading };
        });
        this.shown = Math.min(this.shown, Math.max(0, this.columns.length - 1));
      });
    },
    /** All cards of a column that are loaded. `page`: {more, full}. */
    fill(id, cards, page) {
      this.whenStill(() => this.lay(id, cards, page, false));
    },
    /** The next page of a column. */
    append(id, cards, page) {
      this.whenStill(() => this.lay(id, cards, page, true));
    },
    failed(id, text) {
      this.whenStill(() => {
        const column = this.column(id);
        if (column) Object.assign(column, { failed: text, loading: false });
      });
    },
    /** A card as it is now, wherever it was; one that belongs below what is loaded goes. */
    put(card) {
      this.whenStill(() => this.place(card));
    },
    gone(id) {
      this.whenStill(() => {
        this.pending.delete(id);
        this.picked.delete(id);
        this.take(id);
      });
    },
    /** The move of this number is done; `card` is what came of it, `text` offers to take it back. */
    settle(number, card, text) {
      const move = this.moves.get(number);
      this.moves.delete(number);
      this.whenStill(() => {
        this.free(card.id);
        this.place(card, true);
      });
      if (text && move) this.offer(text, () => this.takeBack({ ...move, version: card.version }));
    },
    /** Many leads were moved at once; `id` takes them back. */
    moved(text, id) {
      this.offer(text, id ? () => this.$emit("unbulk", id) : null);
    },
    /** The move of this number was refused: the card goes back to where it came from. */
    back(number) {
      const move = this.moves.get(number);
      this.moves.delete(number);
      if (!move) return;
      this.whenStill(() => {
        const found = this.where(move.id);
        this.free(move.id);
        if (found) this.place(found.card, true);
      });
    },
    /** The connection is gone: what nobody has answered goes back, and whoever looks hears of it. What was done all the same comes with
        `settle` once the page is there again. */
    lost() {
      const numbers = [...this.moves.keys()];
      for (const number of numbers) this.back(number);
      if (numbers.length) this.sayLost();
    },
    sayLost() {
      window.Quasar.Notify.create({ message: this.texts.lost, timeout: 7000, icon: "sym_r_error", classes: "m-toast", attrs: { role: "alert" } });
    },
    /** Whether the page hears us; says so where it does not. */
    reached() {
      if (this.socket !== window.socket) {
        this.socket?.off("disconnect", this.lost);
        this.socket = window.socket;
        this.socket.on("disconnect", this.lost);
      }
      if (this.socket?.connected) return true;
      this.sayLost();
      return false;
    },
    /** Says what the page did and offers to take it back, once: by its button or Ctrl-Z. What somebody else changes from then on stays. */
    offer(text, undo) {
      this.dismiss?.(); // one at a time: the last move
      this.undo = undo;
      this.dismiss = window.Quasar.Notify.create({
        message: text,
        timeout: 8000,
        icon: "sym_r_check_circle",
        classes: "m-toast",
        group: false,
        attrs: { role: "status" },
        actions: undo ? [{ label: this.texts.undo, flat: true, noCaps: true, handler: this.undoLast }] : [],
      });
    },
    undoLast() {
      const undo = this.undo;
      this.undo = null;
      this.dismiss?.();
      this.dismiss = null;
      undo?.();
    },
    /** Ctrl-Z, unless it takes back what somebody writes. */
    undoKey(event) {
      const plain = event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey;
      if (!plain || !this.undo || this.dragging || event.target.closest?.("input, textarea, [contenteditable=true]")) return;
      event.preventDefault();
      this.undoLast();
    },
    /** A quick-added card is there (or not: the text stays). */
    added(ok) {
      this.busy = false;
      if (ok) this.title = "";
      this.$nextTick(() => this.$refs.quick?.[0]?.focus());
    },
    /** Opens the quick form of the first column. */
    start() {
      const first = this.columns.find((column) => !column.closed);
      if (first) this.begin(first);
    },
    /** Which card is shown beside the board; null: none. */
    open(id) {
      const last = this.opened;
      this.opened = id;
      if (!id && last) this.focus(last);
    },
    unpick() {
      this.picking = false;
      this.picked.clear();
    },
    pick() {
      this.picking = true;
    },

    // -- the cards ----------------------------------------------------------------------------------------------
    whenStill(change) {
      if (this.dragging) this.queue.push(change);
      else change();
    },
    column(id) {
      return this.columns.find((column) => column.id === id);
    },
    where(id) {
      for (const column of this.columns) {
        const index = column.cards.findIndex((card) => card.id === id);
        if (index >= 0) return { column, index, card: column.cards[index] };
      }
      return null;
    },
    lay(id, cards, page, below) {
      const column = this.column(id);
      if (!column) return;
      const known = new Map(this.columns.flatMap((one) => one.cards).map((card) => [card.id, card]));
      const same = (card) => JSON.stringify(known.get(card.id)) === JSON.stringify(card);
      const stays = (card) => this.pending.has(card.id) || known.get(card.id)?.version > card.version;
      const fresh = cards.filter((card) => !stays(card)).map((card) => (same(card) ? known.get(card.id) : Object.freeze({ ...card })));
      const ids = new Set(fresh.map((card) => card.id));
      const staying = new Set(cards.filter(stays).map((card) => card.id));
      for (const other of this.columns) {
        if (other !== column && other.cards.some((card) => ids.has(card.id))) other.cards = other.cards.filter((card) => !ids.has(card.id));
      }
      if (below) {
        column.cards = [...column.cards.filter((card) => !ids.has(card.id)), ...fresh];
      } else {
        const moving = column.cards.map((card, index) => [card, index]).filter(([card]) => this.pending.has(card.id) || staying.has(card.id));
        column.cards = fresh;
        for (const [card, index] of moving) column.cards.splice(Math.min(index, column.cards.length), 0, card);
      }
      Object.assign(column, { more: page.more, full: page.full, failed: "", loading: false });
      this.$nextTick(() => this.watch(id));
    },
    take(id) {
      const found = this.where(id);
      if (found) found.column.cards.splice(found.index, 1);
      if (found?.column.more) this.$nextTick(() => this.watch(found.column.id));
      return found;
    },
    free(id) {
      if (![...this.moves.values()].some((move) => move.id === id)) this.pending.delete(id);
    },
    /** Where its rank puts it; a card that is being moved stays where it is until that is settled. One that belongs below what is
        loaded goes, unless this person has just dropped it at the end (`dropped`): it stands right behind the last one. */
    place(given, dropped = false) {
      const waiting = this.later.get(given.id);
      let card = waiting && waiting.version > given.version ? waiting : Object.freeze({ ...given });
      if (this.pending.has(card.id)) {
        this.later.set(card.id, card);
        return;
      }
      this.later.delete(card.id);
      const found = this.where(card.id);
      if (found && found.card.version > card.version) card = found.card;
      const column = this.column(card.stage);
      const focused = document.activeElement?.closest?.(".m-lead")?.dataset.id === card.id;
      const others = column ? column.cards.filter((one) => one.id !== card.id) : [];
      let index = others.findIndex((one) => !this.pending.has(one.id) && before(card, one));
      if (index < 0) index = others.length;
      if (found && found.column === column && found.index === index) {
        column.cards.splice(index, 1, card);
        return;
      }
      if (found) found.column.cards.splice(found.index, 1);
      const below = column && index === others.length && (column.more || column.full) && !(dropped && found);
      if (column && !below) column.cards.splice(index, 0, card);
      // What is left of a column may have its end in sight already: only a new look tells so.
      for (const one of new Set([column, found?.column])) if (one?.more) this.$nextTick(() => this.watch(one.id));
      if (focused) this.focus(card.id);
    },

    // -- moving -------------------------------------------------------------------------------------------------
    /** Puts the card there at once and tells the page. */
    move(id, column, index) {
      const found = this.where(id);
      if (!found) return;
      const others = column.cards.filter((card) => card.id !== id);
      index = Math.max(0, Math.min(index, others.length));
      if (found.column === column ? found.index === index : column.closed) return;
      if (!this.reached()) return;
      const was = found.column.cards;
      const move = {
        number: ++this.number,
        id,
        version: found.card.version,
        origin: found.column.id,
        stage: column.id,
        after: others[index - 1]?.id || null,
        before: others[index]?.id || null,
        from: { stage: found.column.id, after: was[found.index - 1]?.id || null, before: was[found.index + 1]?.id || null },
      };
      found.column.cards.splice(found.index, 1);
      column.cards.splice(index, 0, found.card);
      this.pending.add(id);
      this.moves.set(move.number, move);
      this.said = this.texts.moved.replace("{title}", found.card.title).replace("{stage}", column.name).replace("{n}", index + 1);
      this.$emit("move", move);
    },
    takeBack(move) {
      if (!this.reached()) return;
      const found = this.where(move.id);
      const column = this.column(move.from.stage);
      this.$emit("undo", { id: move.id, number: ++this.number, origin: move.stage, version: move.version, ...move.from });
      if (!found || !column) return; // the page brings it when it is done
      const others = column.cards.filter((card) => card.id !== move.id);
      const after = others.findIndex((card) => card.id === move.from.after);
      const next = others.findIndex((card) => card.id === move.from.before);
      const index = after >= 0 ? after + 1 : next >= 0 ? next : others.length;
      found.column.cards.splice(found.index, 1);
      column.cards.splice(index, 0, found.card);
      this.pending.add(move.id);
      this.moves.set(this.number, { id: move.id });
    },
    bind() {
      if (!this.can) return;
      const lists = this.$refs.lists || [];
      for (const [list, sortable] of this.sortables) {
        if (!lists.includes(list)) {
          sortable.destroy();
          this.sortables.delete(list);
        }
      }
      for (const list of lists) {
        if (this.sortables.has(list)) continue;
        const sortable = Sortable.create(list, {
          group: { name: "leads", put: (to) => !this.column(to.el.dataset.stage)?.closed },
          draggable: ".m-lead",
          filter: ".m-lead-more",
          preventOnFilter: false,
          animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 130,
          forceFallback: true,
          fallbackOnBody: true,
          fallbackTolerance: 4,
          fallbackClass: "m-lead-flying",
          ghostClass: "m-lead-ghost",
          delay: 180,
          delayOnTouchOnly: true,
          touchStartThreshold: 6,
          scroll: false, // it takes no note of the last move of a fast hand, and stops beyond an edge: see `pull`
          emptyInsertThreshold: 40,
          onStart: (event) => {
            this.dragging = true;
            this.next = event.item.nextSibling;
            this.carry();
            document.documentElement.classList.add("m-dragging");
          },
          onEnd: (event) => this.dropped(event),
        });
        this.sortables.set(list, sortable);
      }
    },
    /** While a card is carried, wherever the pointer is. */
    carry() {
      this.pointer = null;
      this.pulled = performance.now();
      for (const name of ["pointermove", "touchmove"]) document.addEventListener(name, this.follow);
      requestAnimationFrame(this.pull);
    },
    follow(event) {
      const at = event.touches?.[0] || event;
      if (event.isTrusted) this.pointer = { x: at.clientX, y: at.clientY };
    },
    /** Near an edge of the board, or of the column above or below which the pointer is, and beyond it: the nearer, the faster. */
    pull(now) {
      if (!this.dragging || !this.$refs.board) return;
      requestAnimationFrame(this.pull);
      const share = Math.min(3, (now - this.pulled) / (1000 / 60));
      this.pulled = now;
      if (!this.pointer) return;
      const { x, y } = this.pointer;
      const across = this.$refs.board.getBoundingClientRect();
      let moved = scroll(this.$refs.board, "scrollLeft", towards(across.left, across.right, x) * FASTEST * share);
      for (const list of this.$refs.lists) {
        const box = list.getBoundingClientRect();
        if (x >= box.left && x < box.right) moved = scroll(list, "scrollTop", towards(box.top, box.bottom, y) * FASTEST * share) || moved;
      }
      if (!moved) return;
      // The card hangs where the pointer is now, although that stood still: SortableJS looks again only where it moved.
      this.nudge = !this.nudge;
      document.dispatchEvent(new PointerEvent("pointermove", { clientX: x + (this.nudge ? 0.1 : 0), clientY: y }));
    },
    /** Nothing is carried any more. */
    letGo() {
      this.dragging = false;
      for (const name of ["pointermove", "touchmove"]) document.removeEventListener(name, this.follow);
      document.documentElement.classList.remove("m-dragging");
    },
    dropped(event) {
      const index = [...event.to.querySelectorAll(":scope > .m-lead")].indexOf(event.item);
      const next = this.next?.parentNode === event.from ? this.next : null;
      event.from.insertBefore(event.item, next); // as Vue left it; it moves the card itself
      this.next = null;
      const column = this.column(event.to.dataset.stage);
      const id = event.item.dataset.id;
      this.letGo();
      if (column && index >= 0) this.move(id, column, index);
      const waiting = this.queue.splice(0);
      for (const change of waiting) change();
    },

    // -- loading ------------------------------------------------------------------------------------------------
    watch(id) {
      const end = this.$el?.querySelector?.(`[data-more="${id}"]`);
      if (!end || !this.watcher) return;
      this.watcher.unobserve(end);
      this.watcher.observe(end);
    },
    reveal() {
      for (const column of this.columns) this.watch(column.id);
    },
    seen(entries) {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        const column = this.column(entry.target.dataset.more);
        if (column && !column.loading) {
          column.loading = true;
          this.$emit("more", column.id);
        }
      }
    },
    again(column) {
      Object.assign(column, { failed: "", loading: true });
      this.$emit("more", column.id);
    },

    // -- adding, opening, choosing ------------------------------------------------------------------------------
    begin(column) {
      this.adding = this.adding === column.id ? null : column.id;
      this.$nextTick(() => this.$refs.quick?.[0]?.focus());
    },
    add(column) {
      const title = this.title.trim();
      if (!title || this.busy) return;
      this.busy = true;
      this.$emit("add", { stage: column.id, title });
    },
    press(event, card) {
      if (this.picking || event.ctrlKey || event.metaKey) {
        if (!this.picking && (!this.can || !event.ctrlKey)) return; // a new tab
        event.preventDefault();
        this.toggle(card.id);
      } else if (!event.shiftKey && !event.altKey) {
        event.preventDefault();
        this.opened = card.id;
        this.$emit("lead", card.id);
      }
    },
    toggle(id) {
      this.picking = true;
      if (this.picked.has(id)) this.picked.delete(id);
      else this.picked.add(id);
    },
    choose(place, card) {
      this.menu = { place, card, label: card.menu, number: ++this.number };
      this.$nextTick(() => (this.menuOpen = true));
    },
    bulk(place) {
      this.menu = { place, card: null, label: this.texts.move, number: ++this.number };
      this.$nextTick(() => (this.menuOpen = true));
    },
    menuTo(column) {
      const card = this.menu.card;
      this.menuOpen = false;
      if (!card) {
        this.$emit("bulk", { ids: [...this.picked], stage: column.id });
        return;
      }
      this.move(card.id, column, 0);
      this.returning = card.id;
    },
    menuMove(step) {
      const card = this.menu.card;
      this.menuOpen = false;
      const found = this.where(card.id);
      if (found) this.move(card.id, found.column, step.to);
      this.returning = card.id;
    },
    menuPick() {
      const card = this.menu.card;
      this.menuOpen = false;
      this.toggle(card.id);
      this.returning = card.id;
    },
    items() {
      return [...document.querySelectorAll(".m-board-menu .q-item:not(.disabled)")];
    },
    entered() {
      this.items()[0]?.focus();
    },
    left() {
      const id = this.returning || this.menu?.card?.id;
      this.returning = null;
      if (id) this.focus(id);
    },
    walk(event) {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      event.stopPropagation();
      const items = this.items();
      const index = items.indexOf(document.activeElement);
      items[(index + step + items.length) % items.length]?.focus();
    },

    // -- keyboard -----------------------------------------------------------------------------------------------
    tab(column) {
      const at = this.at[column.id];
      return at && column.cards.some((card) => card.id === at) ? at : column.cards[0]?.id;
    },
    focus(id) {
      this.$nextTick(() => {
        const link = this.$el.querySelector?.(`[data-id="${id}"] .m-lead-link`);
        link?.focus({ preventScroll: false });
      });
    },
    key(event) {
      const link = event.target.closest?.(".m-lead-link");
      if (!link || event.ctrlKey || event.metaKey || event.altKey) return;
      const found = this.where(link.closest(".m-lead").dataset.id);
      if (!found) return;
      const { column, index, card } = found;
      const side = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (!side && !step) {
        if (this.can && (event.key === "m" || event.key === "M")) this.choose(link.parentElement.querySelector(".m-lead-more"), card);
        else if (this.can && (event.key === "x" || event.key === "X")) this.toggle(card.id);
        else if (event.key === "Escape" && this.picking) this.unpick();
        else return;
        event.preventDefault();
        return;
      }
      event.preventDefault();
      const number = this.columns.indexOf(column);
      if (event.shiftKey) {
        if (!this.can) return;
        if (step) this.move(card.id, column, index + step);
        else if (this.columns[number + side]) this.move(card.id, this.columns[number + side], 0);
        this.focus(card.id);
        return;
      }
      if (step) {
        const next = column.cards[index + step];
        if (next) this.focus(next.id);
        return;
      }
      for (let other = number + side; this.columns[other]; other += side) {
        const cards = this.columns[other].cards;
        if (cards.length) return this.focus(cards[Math.min(index, cards.length - 1)].id);
      }
    },

    // -- one stage per screen -----------------------------------------------------------------------------------
    scrolled() {
      const board = this.$refs.board;
      const first = board.firstElementChild;
      if (first) this.shown = Math.max(0, Math.min(this.columns.length - 1, Math.round(board.scrollLeft / first.offsetWidth)));
    },
    go(at) {
      const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
      this.$refs.board.children[at]?.scrollIntoView({ inline: "start", block: "nearest", behavior: calm ? "auto" : "smooth" });
      this.shown = at;
    },
  },
};
