/* A running import's figures, asked for once a second until it ends; then the page is drawn anew. */
(() => {
  const box = document.getElementById("fs-progress");
  if (!box || box.dataset.running !== "true") return;
  const bar = box.querySelector("progress");
  const note = box.querySelector("[data-figure=note]");
  const show = (figures) => {
    for (const place of box.querySelectorAll("[data-figure]")) {
      const value = figures[place.dataset.figure];
      if (value !== undefined) place.textContent = value;
    }
    if (figures.percent === null) bar.removeAttribute("value");
    else bar.value = figures.percent;
  };
  const ask = async () => {
    try {
      const answer = await fetch(box.dataset.address, { headers: { Accept: "application/json" } });
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      const figures = await answer.json();
      show(figures);
      if (figures.finished) {
        window.location.reload();
        return;
      }
    } catch {
      note.textContent = box.dataset.lost;
    }
    window.setTimeout(ask, 1000);
  };
  window.setTimeout(ask, 500);
})();
