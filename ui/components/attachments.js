/* Files and a recording that wait to be sent from one place, such as a conversation: chosen, dropped or pasted, sent to this program at
   once with their progress, and kept for as long as the page lives, also while another conversation is open.
   The page is told with `changed` what is here, and with `voice` that a recording is to go now; it answers an upload with `done` or `fail`. */
const places = new Map();
const MOST = 10;
const size = (bytes) => (bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1000))} KB` : `${(bytes / 1e6).toFixed(1)} MB`);
const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

export default {
  template: `
<div class="m-attach" :class="{'m-attach-none': !files.length && voice === 'off' && !said}">
  <div v-if="voice !== 'off'" class="m-voice" role="group" :aria-label="texts.voice">
    <button type="button" class="m-voice-do" :aria-label="texts.cancel" :title="texts.cancel" @click="cancel"><i
      class="q-icon notranslate material-symbols-rounded" aria-hidden="true">delete</i></button>
    <template v-if="voice === 'on'">
      <span class="m-voice-dot" aria-hidden="true"></span>
      <span class="m-num" role="timer">{{ time }}</span>
      <span class="m-voice-level" aria-hidden="true"><i :style="{width: level + '%'}"></i></span>
      <button type="button" class="m-voice-do" :aria-label="texts.stop" :title="texts.stop" @click="stop"><i
        class="q-icon notranslate material-symbols-rounded" aria-hidden="true">stop_circle</i></button>
    </template>
    <span v-else-if="voice === 'asking'" class="m-hint m-grow">{{ texts.asking }}</span>
    <template v-else>
      <audio class="m-file-player m-grow" controls :src="heard.url" :aria-label="texts.voice"></audio>
      <button type="button" class="m-voice-do m-voice-send" :aria-label="texts.send" :title="texts.send" @click="sendVoice"><i
        class="q-icon notranslate material-symbols-rounded" aria-hidden="true">send</i></button>
    </template>
  </div>
  <ul v-if="files.length" class="m-attach-list" :aria-label="texts.files">
    <li v-for="file in files" :key="file.tile" class="m-attached" :class="'m-attached-' + file.state">
      <img v-if="file.url" :src="file.url" alt="">
      <i v-else class="q-icon notranslate material-symbols-rounded" aria-hidden="true">{{ file.voice ? 'mic' : 'description' }}</i>
      <div class="m-col m-tight m-min m-grow">
        <span class="m-clip">{{ file.name }}</span>
        <span v-if="file.state === 'failed'" class="m-attached-why" role="alert">{{ file.why }}</span>
        <span v-else-if="file.state === 'sending'" class="m-hint">{{ Math.round(file.share * 100) }} %</span>
        <span v-else class="m-hint">{{ size(file.size) }}</span>
        <progress v-if="file.state === 'sending'" :value="file.share" max="1" :aria-label="file.name"></progress>
      </div>
      <button v-if="file.state === 'failed' && file.again" type="button" class="m-attached-do" :aria-label="texts.again" :title="texts.again"
        @click="start(file)"><i class="q-icon notranslate material-symbols-rounded" aria-hidden="true">refresh</i></button>
      <button type="button" class="m-attached-do" :aria-label="texts.remove + ' ' + file.name" :title="texts.remove" @click="remove(file)"><i
        class="q-icon notranslate material-symbols-rounded" aria-hidden="true">close</i></button>
    </li>
  </ul>
  <p v-if="said" class="m-field-error" role="alert">{{ said }}</p>
  <input ref="input" type="file" multiple hidden tabindex="-1" @change="chosen">
</div>`,
  props: { place: String, url: String, texts: Object, most: Number, takes: Boolean, speaks: Boolean },
  data() {
    if (!places.has(this.place)) places.set(this.place, []);
    return { files: places.get(this.place), voice: "off", time: "0:00", level: 0, heard: null, said: "" };
  },
  mounted() {
    const write = this.$el.closest(".m-write"), pane = this.$el.closest(".m-inbox-pane") || write;
    this.paste = (event) => this.take(event.clipboardData?.files, event);
    this.over = (event) => {
      if (![...(event.dataTransfer?.types || [])].includes("Files")) return;
      event.preventDefault();
      pane.classList.toggle("m-dropping", this.takes);
    };
    this.leave = (event) => (event.relatedTarget && pane.contains(event.relatedTarget) ? 0 : pane.classList.remove("m-dropping"));
    this.drop = (event) => {
      pane.classList.remove("m-dropping");
      this.take(event.dataTransfer?.files, event);
    };
    write.addEventListener("paste", this.paste);
    pane.addEventListener("dragover", this.over);
    pane.addEventListener("dragleave", this.leave);
    pane.addEventListener("drop", this.drop);
    this.undo = () => {
      write.removeEventListener("paste", this.paste);
      pane.removeEventListener("dragover", this.over);
      pane.removeEventListener("dragleave", this.leave);
      pane.removeEventListener("drop", this.drop);
      pane.classList.remove("m-dropping");
    };
    for (const file of this.files) if (file.state === "sending") this.start(file);
    if (this.files.length) this.tell();
  },
  beforeUnmount() {
    this.undo();
    this.cancel();
    for (const file of this.files) file.request?.abort();
  },
  methods: {
    size,
    tell() {
      const shown = this.files.map(({ tile, name, state, id, size, type, voice }) => ({ tile, name, state, id, size, type, voice }));
      this.$emit("changed", shown);
    },
    pick() {
      this.$refs.input.click();
    },
    chosen(event) {
      this.take(event.target.files);
      event.target.value = "";
    },
    take(list, event) {
      if (!this.takes || !list || !list.length) return;
      event?.preventDefault();
      this.said = "";
      for (const source of list) {
        if (this.files.length >= MOST) this.said = this.texts.many;
        else if (source.size > this.most) this.said = `${source.name}: ${this.texts.big}`;
        else if (!source.size) this.said = `${source.name}: ${this.texts.empty}`;
        else this.add(source, source.name || "imagem.png");
      }
    },
    add(source, name, voice = false) {
      const url = source.type.startsWith("image/") ? URL.createObjectURL(source) : "";
      this.files.push({ tile: crypto.randomUUID?.() || String(Math.random()), name, size: source.size, type: source.type, url, voice, source });
      this.start(this.files[this.files.length - 1]);
    },
    start(file) {
      Object.assign(file, { state: "sending", share: 0, why: "", again: true });
      const request = (file.request = new XMLHttpRequest()), form = new FormData();
      form.append("file", file.source, `${file.tile}:${file.name}`);
      request.upload.onprogress = (event) => event.lengthComputable && (file.share = (event.loaded / event.total) * 0.95);
      request.onerror = () => this.fail(file.tile, this.texts.offline, true);
      request.onload = () => {
        const big = request.status === 413;
        if (request.status >= 400) this.fail(file.tile, big ? this.texts.big : this.texts.offline, !big);
      };
      request.open("POST", this.url);
      request.send(form);
      this.tell();
    },
    done(tile, id) {
      const file = this.files.find((one) => one.tile === tile);
      if (!file) return;
      Object.assign(file, { state: "kept", id, share: 1 });
      if (file.voice && file.now) {
        file.now = false;
        this.drop_(file);
        this.$emit("voice", { tile, id, name: file.name, size: file.size, type: file.type, voice: true, state: "kept" });
      }
      this.tell();
    },
    fail(tile, why, again) {
      const file = this.files.find((one) => one.tile === tile);
      if (!file) return;
      Object.assign(file, { state: "failed", why, again });
      this.tell();
    },
    restore(kept) {
      if (this.files.some((one) => one.tile === kept.tile)) return;
      this.files.push({ ...kept, state: "kept", share: 1 });
      this.tell();
    },
    drop_(file) {
      this.files.splice(this.files.indexOf(file), 1);
    },
    remove(file) {
      file.request?.abort();
      if (file.url) URL.revokeObjectURL(file.url);
      this.drop_(file);
      this.said = "";
      this.tell();
    },
    clear() {
      this.files.splice(0);
      this.said = "";
      this.tell();
    },
    async record() {
      if (this.voice !== "off") return;
      this.said = "";
      if (!navigator.mediaDevices?.getUserMedia || !window.MediaRecorder) return (this.said = this.texts.unable);
      this.voice = "asking";
      try {
        this.stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true } });
      } catch (error) {
        this.voice = "off";
        this.said = error.name === "NotAllowedError" ? this.texts.denied : this.texts.silent;
        return;
      }
      if (this.voice !== "asking") return this.release();
      const type = ["audio/webm;codecs=opus", "audio/mp4", "audio/ogg;codecs=opus"].find((one) => MediaRecorder.isTypeSupported(one));
      const parts = [];
      this.recorder = new MediaRecorder(this.stream, type ? { mimeType: type } : {});
      this.recorder.ondataavailable = (event) => event.data.size && parts.push(event.data);
      this.recorder.onstop = () => {
        this.release();
        if (this.voice !== "on") return;
        const blob = new Blob(parts, { type: this.recorder.mimeType || type });
        this.heard = { blob, url: URL.createObjectURL(blob) };
        this.voice = "heard";
      };
      this.recorder.start(1000);
      this.voice = "on";
      this.measure();
    },
    measure() {
      const began = performance.now(), context = (this.context = new AudioContext()), ears = context.createAnalyser();
      context.createMediaStreamSource(this.stream).connect(ears);
      const wave = new Uint8Array(ears.fftSize);
      this.beat = setInterval(() => {
        ears.getByteTimeDomainData(wave);
        this.level = Math.min(100, Math.max(...wave.map((one) => Math.abs(one - 128))) * 1.6);
        this.time = clock((performance.now() - began) / 1000);
      }, 100);
    },
    release() {
      clearInterval(this.beat);
      this.context?.close();
      this.context = null;
      for (const track of this.stream?.getTracks() || []) track.stop();
      this.stream = null;
    },
    stop() {
      if (this.recorder?.state === "recording") this.recorder.stop();
    },
    cancel() {
      this.voice = "off";
      if (this.recorder?.state === "recording") this.recorder.stop();
      this.release();
      if (this.heard) URL.revokeObjectURL(this.heard.url);
      this.heard = null;
      this.time = "0:00";
    },
    sendVoice() {
      const { blob } = this.heard;
      this.add(blob, this.texts.voice, true);
      this.files[this.files.length - 1].now = true;
      this.cancel();
    },
  },
};
