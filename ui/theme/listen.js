/* A call that goes on, heard in the page: the provider speaks 16 bits, two channels, over a WebSocket of its own. One at a time. */
(function () {
  const LEAD = 0.15; // seconds of sound that wait, so that pieces that come late leave no gap
  const LONGEST = 2; // beyond that the tab was asleep, and what is old is not played
  let socket = null, audio = null, next = 0, rate = 16000;

  function play(data) {
    const samples = new Int16Array(data, 0, data.byteLength >> 1), frames = samples.length >> 1;
    if (!frames) return;
    const piece = audio.createBuffer(2, frames, rate);
    for (const channel of [0, 1]) {
      const to = piece.getChannelData(channel);
      for (let at = 0; at < frames; at++) to[at] = samples[2 * at + channel] / 32768;
    }
    const now = audio.currentTime;
    if (next < now || next > now + LONGEST) next = now + LEAD;
    const source = audio.createBufferSource();
    source.buffer = piece;
    source.connect(audio.destination);
    source.start(next);
    next += frames / rate;
    window.masteria.listen.heard += frames;
  }

  function stop() {
    socket?.close();
    audio?.close();
    socket = audio = null;
  }

  function start(url) {
    stop();
    const mine = (socket = new WebSocket(url));
    const over = (why) => { if (socket === mine) { stop(); emitEvent("listened", why); } };
    audio = new AudioContext();
    audio.resume();
    next = 0;
    mine.binaryType = "arraybuffer";
    mine.onopen = () => emitEvent("listened", "begins");
    mine.onmessage = ({ data }) => {
      if (socket !== mine) return;
      if (typeof data !== "string") return play(data);
      try { rate = JSON.parse(data).sampleRate || rate; } catch { /* news that is no sound */ }
    };
    let failed = false;
    mine.onerror = () => { failed = true; };
    mine.onclose = () => over(failed ? "failed" : "over");
  }

  addEventListener("leave", stop);
  masteria.listen = { start, stop, heard: 0 };
})();
