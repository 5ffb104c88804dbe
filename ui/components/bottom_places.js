/* The phone's bottom bar as one element of the page: the places of everyday, and a menu of the others, drawn when it is opened. */
export default {
  props: ["places", "more", "unread"],
  template: `
<nav class="m-bottom">
  <template v-for="place in places" :key="place.path">
    <a v-if="place.phone" :href="place.path" :class="{'m-nav-on': place.on}" :aria-current="place.on ? 'page' : null">
      <i class="q-icon notranslate material-symbols-rounded" aria-hidden="true">{{ place.icon }}</i>
      <div class="m-clip">{{ place.label }}</div>
      <div v-if="place.counts && unread" class="m-count" role="img" :aria-label="unread.name">{{ unread.text }}</div>
    </a>
  </template>
  <button type="button" aria-haspopup="menu" :class="{'m-nav-on': rest.some((place) => place.on)}">
    <i class="q-icon notranslate material-symbols-rounded" aria-hidden="true">menu</i>
    <div>{{ more }}</div>
    <q-menu>
      <q-item v-for="place in rest" :key="place.path" clickable v-close-popup role="menuitem" :href="place.path" :aria-current="place.on ? 'page' : null">
        <div class="m-menu-item">
          <i class="q-icon notranslate material-symbols-rounded" aria-hidden="true">{{ place.icon }}</i>
          <div>{{ place.label }}</div>
          <i v-if="place.on" class="q-icon notranslate material-symbols-rounded m-check" aria-hidden="true">check</i>
        </div>
      </q-item>
    </q-menu>
  </button>
</nav>`,
  computed: {
    rest() {
      return this.places.filter((place) => !place.phone);
    },
  },
};
