// Keeps the marked parts of a page up to date, without touching what is being typed.
(() => {
  const EVERY = 4000;
  const root = document.querySelector("[data-live-url]");
  if (!root || !root.dataset.liveUrl) return;

  async function refresh() {
    if (document.hidden) return;
    const answer = await fetch(root.dataset.liveUrl, { credentials: "same-origin" });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const fresh of page.querySelectorAll("[data-live]")) {
      const shown = root.querySelector(`[data-live="${fresh.dataset.live}"]`);
      if (shown && shown.innerHTML !== fresh.innerHTML) shown.replaceChildren(...fresh.childNodes);
    }
  }

  // A lost connection is no news here: the next round tries again.
  setInterval(() => refresh().catch(() => {}), EVERY);

  for (const box of root.querySelectorAll("form textarea")) {
    box.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) box.form.requestSubmit();
    });
  }
})();
