/* One conversation of the list as one element of the page: the browser draws its parts, so that fifty of them cost little. */
export default {
  props: ["row"],
  template: `
<a>
  <div class="m-avatar" :class="'m-tint-' + row.tint" aria-hidden="true">{{ row.initials }}
    <span v-if="row.persona" class="m-inbox-persona" :class="{'m-inbox-persona-off': !row.answers, 'm-face-picture': row.face}"
      :style="row.face ? {backgroundImage: 'url(' + row.face + ')'} : {}">{{ row.face ? '' : row.persona }}</span></div>
  <div class="m-col m-tight m-grow">
    <div class="m-row m-near">
      <div class="m-strong m-clip m-grow">{{ row.name }}</div>
      <i v-if="row.priority" class="q-icon notranslate material-symbols-rounded m-inbox-priority" :class="{'m-inbox-urgent': row.urgent}"
        role="img" :aria-label="row.priority">priority_high</i>
      <div class="m-hint shrink-0">{{ row.when }}</div>
    </div>
    <div class="m-row m-near">
      <i v-if="row.fell" class="q-icon notranslate material-symbols-rounded m-inbox-ours m-inbox-fell" role="img" :aria-label="row.fell"
        :title="row.fell">error</i>
      <i v-else-if="row.ours" class="q-icon notranslate material-symbols-rounded m-inbox-ours" aria-hidden="true">reply</i>
      <div v-if="row.found" class="m-sub m-clip m-grow m-found" dir="auto">
        <i v-if="row.note" class="q-icon notranslate material-symbols-rounded" aria-hidden="true">lock</i
        ><component v-for="part in row.found" :is="part[0] ? 'mark' : 'span'">{{ part[1] }}</component>
      </div>
      <div v-else-if="row.writes" class="m-sub m-clip m-grow m-inbox-writes">{{ row.writes }}</div>
      <div v-else class="m-sub m-clip m-grow" dir="auto">{{ row.text }}</div>
      <div v-if="row.unread" class="m-count" role="img" :aria-label="row.unread_name">{{ row.unread }}</div>
    </div>
    <div v-if="row.waits || row.facts || row.who || row.labels.length" class="m-row m-near">
      <div v-if="row.waits" class="m-inbox-waits shrink-0" :class="'m-inbox-' + row.tone">{{ row.waits }}</div>
      <div v-if="row.who" class="m-hint m-clip m-inbox-who" :class="{'m-inbox-bad': row.alarm}">{{ row.who }}</div>
      <div v-if="row.facts" class="m-hint m-clip">{{ row.facts }}</div>
      <div v-if="row.labels.length" class="m-inbox-labels">
        <template v-for="[name, color] in row.labels">
          <i class="m-dot m-label-dot" aria-hidden="true" :style="color ? {'--tone': color} : {}"></i>
          <div class="m-hint m-clip">{{ name }}</div>
        </template>
      </div>
    </div>
  </div>
</a>`,
};
