/* The page without a connection, in the language that was chosen, else the browser's. */
const chosen = (document.cookie.match(/(?:^|; )lang=([\w-]+)/) || [])[1] || navigator.language;
if (!chosen.startsWith("pt")) {
  document.documentElement.lang = "en";
  for (const one of document.querySelectorAll("[data-en]")) one.textContent = one.dataset.en;
}
document.querySelector("button").addEventListener("click", () => location.reload());
