// Names for fields that the theme leaves without one: the date and the time of a moment.
addEventListener("load", () => {
  for (const field of document.querySelectorAll(".vDateField, .vTimeField")) {
    if (field.labels.length || field.getAttribute("aria-label")) continue;
    const row = field.closest("fieldset, .form-row, .field-row");
    const name = row?.querySelector("legend, label")?.textContent.trim() || field.name;
    field.setAttribute("aria-label", name);
  }
  for (const mark of document.querySelectorAll(".help-tooltip[aria-label]")) mark.setAttribute("role", "img");
});
