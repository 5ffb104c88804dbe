/* Stands in for Meta's SDK for JavaScript: as much of it as Embedded Signup needs. */
(() => {
  const here = new URL(document.currentScript.src).origin;
  let app = "";
  window.FB = {
    init(options) {
      app = options.appId;
    },
    login(done, options) {
      const query = new URLSearchParams({ client_id: app, config_id: options.config_id, origin: location.origin });
      const opened = window.open(`${here}/connect/window?${query}`, "_blank", "popup,width=520,height=720");
      if (!opened) return done({ status: "unknown", authResponse: null });
      const end = (answer) => {
        clearInterval(watch);
        removeEventListener("message", heard);
        done(answer);
      };
      const heard = (event) => {
        if (event.origin !== here || event.source !== opened || !event.data?.sandboxCode) return;
        end({ status: "connected", authResponse: { code: event.data.sandboxCode } });
      };
      const watch = setInterval(() => opened.closed && end({ status: "unknown", authResponse: null }), 300);
      addEventListener("message", heard);
    },
  };
  window.fbAsyncInit?.();
})();
