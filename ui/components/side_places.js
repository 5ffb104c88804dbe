/* The sidebar's links as one element of the page. */
export default {
  props: ["places", "unread"],
  template: `
<nav class="m-col m-tight">
  <template v-for="place in places" :key="place.path">
    <div v-if="place.gap" class="m-nav-gap"></div>
    <div v-if="place.head" class="m-nav-head">{{ place.head }}</div>
    <a :href="place.path" class="m-nav" :class="{'m-nav-on': place.on}" :aria-current="place.on ? 'page' : null">
      <i class="q-icon notranslate material-symbols-rounded" aria-hidden="true">{{ place.icon }}</i>
      <div>{{ place.label }}</div>
      <div v-if="place.counts && unread" class="m-count" role="img" :aria-label="unread.name">{{ unread.text }}</div>
    </a>
  </template>
</nav>`,
};
