// Draws the dashboard's pictures from the JSON in the page. Every picture is also a table there, so
// that nothing is lost without a script; a click on a part opens the rows behind it.
(() => {
  "use strict";

  // Okabe and Ito's colours, told apart by colour-blind readers too.
  const COLOURS = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#999999"];
  const RISKS = { low: "#009E73", medium: "#E69F00", high: "#D55E00", no_purchase: "#999999" };
  const SEGMENTS = {
    "Champions": "#009E73", "Can't lose": "#D55E00", "Loyal": "#0072B2", "At risk": "#E69F00",
    "Potential loyalists": "#56B4E9", "New": "#CC79A7", "Promising": "#B59F00",
    "Need attention": "#8C6BB1", "Lost": "#6B4E3D", "Hibernating": "#7A8B99", "No purchase yet": "#B8BDC4",
  };
  const MONETARY = ["#440154", "#3b528b", "#21918c", "#5ec962", "#d4c400"];
  const MONETARY_ON_DARK = ["#8c5fd0", "#5b86d8", "#2fb3aa", "#7ad67c", "#f4e04d"];
  // The page's words and language: this file has none of its own.
  const words = document.querySelector(".c3").dataset;
  const language = document.documentElement.lang || "en";
  Chart.defaults.locale = language;
  const number = new Intl.NumberFormat(language);
  const decimal = new Intl.NumberFormat(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const filled = (pattern, values) => pattern.replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);

  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const theme = () => ({ text: style("--fs-text"), mute: style("--fs-mute"), line: style("--fs-line"), soft: style("--fs-soft"), card: style("--fs-card") });

  const open = (address) => {
    if (!address) return;
    if (address.startsWith("#")) {
      const table = document.getElementById(address.slice(1));
      if (table) { table.open = true; table.scrollIntoView({ block: "nearest" }); }
      return;
    }
    window.location.assign(address);
  };

  const axis = (colours, title, more) => ({
    ticks: { color: colours.mute }, grid: { color: colours.line }, border: { color: colours.line },
    title: title ? { display: true, text: title, color: colours.mute } : { display: false }, ...more,
  });

  const common = (colours, links) => ({
    responsive: true, maintainAspectRatio: false, animation: false,
    plugins: {
      legend: { labels: { color: colours.text, boxWidth: 12, usePointStyle: true } },
      tooltip: { enabled: true },
    },
    onClick: (event, found) => { if (found.length) open(links(found[0])); },
    onHover: (event, found) => { event.native.target.style.cursor = found.length ? "pointer" : "default"; },
  });

  const makers = {
    pie(chart, colours, key) {
      const known = key === "churn_risk" ? RISKS : SEGMENTS;
      const options = common(colours, (found) => chart.parts[found.index].link);
      options.plugins.legend.position = "right";
      return {
        type: "pie",
        data: {
          labels: chart.parts.map((part) => part.label),
          datasets: [{ data: chart.parts.map((part) => part.value), backgroundColor: chart.parts.map((part, place) => part.name ? known[part.name] || COLOURS[place % 7] : "#C9CDD3"), borderColor: colours.card, borderWidth: 2 }],
        },
        options,
      };
    },
    line(chart, colours) {
      const options = common(colours, (found) => chart.lines[found.datasetIndex].links[found.index]);
      options.interaction = { mode: "nearest", axis: "x", intersect: false };
      options.plugins.legend.display = chart.lines.length > 1;
      options.plugins.tooltip.callbacks = { footer: (items) => (chart.partial[items[0].dataIndex] ? words.unfinished : "") };
      options.scales = { x: axis(colours), y: axis(colours, chart.lines.length === 1 ? chart.lines[0].label : "", { beginAtZero: true }) };
      // Amounts of two currencies have no axis in common.
      chart.lines.slice(1).forEach((line, place) => { options.scales[`y${place + 1}`] = axis(colours, line.label, { position: "right", beginAtZero: true, grid: { display: false } }); });
      return {
        type: "line",
        data: {
          labels: chart.labels,
          datasets: chart.lines.map((line, place) => ({
            label: line.label, data: line.values, yAxisID: place ? `y${place}` : "y", borderColor: COLOURS[place % 7], backgroundColor: COLOURS[place % 7], tension: 0, pointRadius: 4, pointHitRadius: 14,
            pointStyle: chart.partial.map((is) => (is ? "rectRot" : "circle")),
            segment: { borderDash: (context) => (chart.partial[context.p1DataIndex] ? [5, 5] : undefined) },
          })),
        },
        options,
      };
    },
    bar(chart, colours) {
      const options = common(colours, (found) => chart.parts[found.index].link);
      // A bar too short to hit is hit by its row.
      options.interaction = { mode: "nearest", axis: "y", intersect: false };
      options.indexAxis = "y";
      options.plugins.legend.display = false;
      options.scales = { x: axis(colours, chart.unit, { beginAtZero: true }), y: axis(colours, "", { grid: { display: false } }) };
      return { type: "bar", data: { labels: chart.parts.map((part) => part.label), datasets: [{ data: chart.parts.map((part) => part.value), backgroundColor: COLOURS[0], maxBarThickness: 26 }] }, options };
    },
    funnel(chart, colours) {
      const options = common(colours, (found) => chart.lines[found.datasetIndex].links[found.index]);
      options.interaction = { mode: "nearest", axis: "y", intersect: false };
      options.indexAxis = "y";
      options.scales = { x: axis(colours, "", { beginAtZero: true, ticks: { color: colours.mute, precision: 0 } }), y: axis(colours, "", { grid: { display: false } }) };
      return { type: "bar", data: { labels: chart.labels, datasets: chart.lines.map((line, place) => ({ label: line.label, data: line.values, backgroundColor: [COLOURS[4], COLOURS[1], COLOURS[2]][place], maxBarThickness: 18, minBarLength: 2 })) }, options };
    },
    gauge(chart, colours) {
      const options = common(colours, () => chart.link);
      Object.assign(options, { circumference: 180, rotation: 270, cutout: "72%" });
      options.plugins.legend.display = false;
      options.plugins.tooltip.enabled = false;
      const colour = chart.value < 3 ? RISKS.high : chart.value < 7 ? RISKS.medium : RISKS.low;
      return { type: "doughnut", data: { labels: ["", ""], datasets: [{ data: [chart.value, chart.most - chart.value], backgroundColor: [colour, colours.line], borderWidth: 0 }] }, options };
    },
    bubble(chart, colours, key, canvas) {
      const ramp = document.documentElement.classList.contains("dark") ? MONETARY_ON_DARK : MONETARY;
      const most = Math.max(...chart.parts.map((part) => part.count));
      // The largest bubble just fits its place; areas, not radii, are to scale.
      const largest = Math.max(10, Math.min(canvas.parentElement.clientWidth / 14, canvas.parentElement.clientHeight / 13));
      const options = common(colours, (found) => chart.parts[found.index].link);
      options.plugins.legend.display = false;
      options.plugins.tooltip.callbacks = { label: (item) => { const part = chart.parts[item.dataIndex]; return filled(words.bubble, { recency: part.x, frequency: part.y, customers: number.format(part.count), monetary: decimal.format(part.monetary) }); } };
      const scores = (title) => axis(colours, title, { min: 0.4, max: 5.6, afterBuildTicks: (scale) => { scale.ticks = [1, 2, 3, 4, 5].map((value) => ({ value })); } });
      options.scales = { x: scores(words.recency), y: scores(words.frequency) };
      return {
        type: "bubble",
        data: { datasets: [{ data: chart.parts.map((part) => ({ x: part.x, y: part.y, r: Math.max(3, largest * Math.sqrt(part.count / most)) })), backgroundColor: chart.parts.map((part) => ramp[Math.min(4, Math.max(0, Math.round(part.monetary) - 1))] + "cc"), borderColor: colours.card }] },
        options,
      };
    },
  };

  const drawn = [];
  const draw = () => {
    drawn.splice(0).forEach((chart) => chart.destroy());
    const colours = theme();
    const data = JSON.parse(document.getElementById("c3-data").textContent);
    document.querySelectorAll("canvas[data-key]").forEach((canvas) => {
      const chart = data[canvas.dataset.key];
      if (chart) drawn.push(new Chart(canvas, makers[chart.kind](chart, colours, canvas.dataset.key, canvas)));
    });
    document.documentElement.dataset.c3Drawn = String(drawn.length);
  };

  // Deferred scripts run when the page is read; the theme's class may come a moment later.
  draw();
  new MutationObserver(draw).observe(document.documentElement, { attributes: true, attributeFilter: ["class"] });
  // For tests and the console: where a part of a picture leads to.
  window.c3 = { drawn, open };
})();
