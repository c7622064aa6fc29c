// How far the running exports and imports are, asked for once a second; the page is drawn anew when
// one ends, and when the first rows of an import are there to be seen.
(() => {
  const root = document.getElementById("fs-exports");
  const running = root ? [...root.querySelectorAll("[data-job]")] : [];
  if (!running.length) return;
  const ask = async () => {
    try {
      const answer = await fetch(root.dataset.address, { headers: { Accept: "application/json" } });
      if (answer.ok && !answer.redirected) {
        const figures = await answer.json();
        for (const box of running) {
          const job = figures[box.dataset.job];
          const hasFirstRows = job?.rows_shown && "waitsForRows" in box.dataset;
          if (!job || job.state !== box.dataset.state || hasFirstRows) {
            window.location.reload();
            return;
          }
          const bar = box.querySelector("progress");
          if (bar) {
            bar.value = job.percent;
            box.querySelector("[data-done]").textContent = job.done;
          }
        }
      }
    } catch {
      // A lost connection is no news here: the next round tries again.
    }
    window.setTimeout(ask, 1000);
  };
  window.setTimeout(ask, 500);
})();
