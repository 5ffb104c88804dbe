/* The lines of a menu as one element of the page: the browser draws them once the menu is opened. */
export default {
  props: ["lines"],
  emits: ["choose"],
  template: `
<div role="presentation">
  <template v-for="(line, at) in lines" :key="at">
    <div v-if="line.line" class="m-menu-line"></div>
    <div v-if="line.head" class="m-menu-head">{{ line.head }}</div>
    <q-item clickable v-close-popup role="menuitem" :class="{'m-danger': line.danger}" :data-key="line.key" @click="$emit('choose', at)">
      <div class="m-menu-item">
        <i v-if="line.icon" class="q-icon notranslate material-symbols-rounded" aria-hidden="true">{{ line.icon }}</i>
        <div>{{ line.text }}</div>
        <i v-if="line.on" class="q-icon notranslate material-symbols-rounded m-check" aria-hidden="true">check</i>
        <div v-if="line.key" class="m-menu-key" aria-hidden="true">{{ line.key.toUpperCase() }}</div>
      </div>
    </q-item>
  </template>
</div>`,
};
