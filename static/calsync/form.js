"use strict";

// The event form. Without this file its buttons are answered by the server, and the list beside it stands still.

const plan = document.querySelector("[data-plan]");
const UNTYPED = new Set(["csrfmiddlewaretoken", "look", "shown", "answer", "copy_days", "copy_skips_weekends"]);
const BLANK_ROW = /9999/g;

function planned() {
  plan.dispatchEvent(new CustomEvent("planned", { bubbles: true }));
}

// Sessions

function rows() {
  return [...plan.querySelectorAll(".session-row")];
}

function part(row, name) {
  return row.querySelector(`[data-part="${name}"]`);
}

function nextDay(text) {
  const day = new Date(`${text}T00:00:00Z`);
  if (!text || Number.isNaN(day.getTime())) return "";
  do day.setUTCDate(day.getUTCDate() + 1); while (day.getUTCDay() % 6 === 0);
  return day.toISOString().slice(0, 10);
}

function renumber() {
  rows().forEach((row, index) => {
    for (const number of row.querySelectorAll("[data-number]")) number.textContent = index + 1;
  });
  plan.querySelector("[data-none]").hidden = rows().length > 0;
}

function addRow() {
  const last = rows().at(-1);
  const number = 1 + Math.max(-1, ...rows().map((row) => Number(row.dataset.row)));
  const holder = document.createElement("template");
  holder.innerHTML = document.getElementById("row-template").innerHTML.replace(BLANK_ROW, number);
  const row = holder.content.querySelector(".session-row");
  part(row, "from").value = last && part(last, "from").value || "09:00";
  part(row, "to").value = last && part(last, "to").value || "17:00";
  part(row, "date").value = last ? nextDay(part(last, "date").value) : "";
  plan.querySelector(".session-rows").append(row);
  prepare(row);
  renumber();
  part(row, "date").focus();
  planned();
}

function removeRow(button) {
  const row = button.closest(".session-row");
  const other = row.nextElementSibling || row.previousElementSibling;
  row.remove();
  renumber();
  (other ? other.querySelector("[data-remove-row]") : plan.querySelector("[data-add-row]")).focus();
  planned();
}

function toggleMore(button) {
  const isOpen = button.getAttribute("aria-expanded") === "true";
  button.setAttribute("aria-expanded", String(!isOpen));
  document.getElementById(button.getAttribute("aria-controls")).hidden = isOpen;
}

function prepare(root) {
  for (const button of root.querySelectorAll("[data-more]")) button.hidden = false;
  for (const more of root.querySelectorAll("[data-closed]")) more.hidden = true;
}

// Instructors: chips, and a field that proposes names

function chipsOf(picker) {
  return picker.querySelector("[data-chips]");
}

function addChip(picker, { pk, name, initials }) {
  if (chipsOf(picker).querySelector(`[data-pk="${pk}"]`)) return;
  const chip = document.getElementById("chip-template").content.cloneNode(true).querySelector(".chip");
  const prefix = picker.dataset.prefix;
  chip.dataset.pk = pk;
  chip.querySelector("input").name = prefix ? `${prefix}-instructors` : "instructors";
  chip.querySelector("input").value = pk;
  chip.querySelector(".chip-initials").textContent = initials;
  chip.querySelector(".chip-name").textContent = name;
  const button = chip.querySelector("[data-drop]");
  button.setAttribute("aria-label", button.dataset.label.replace("%s", name));
  chipsOf(picker).append(chip);
  planned();
}

function dropChip(chip) {
  const input = chip.closest("[data-picker]").querySelector(".picker-input");
  chip.remove();
  input.focus();
  planned();
}

function eventPicker() {
  return plan.querySelector('[data-picker][data-prefix=""]');
}

function close(input) {
  const list = document.getElementById(input.getAttribute("aria-controls"));
  list.hidden = true;
  input.setAttribute("aria-expanded", "false");
  input.removeAttribute("aria-activedescendant");
}

function options(input) {
  return [...document.getElementById(input.getAttribute("aria-controls")).querySelectorAll("[data-pk]")];
}

const waiting = new WeakMap();

async function propose(input) {
  const text = input.value.trim();
  if (!text) { close(input); return; }
  const answer = await fetch(`${plan.dataset.names}?q=${encodeURIComponent(text)}`, { headers: { "HX-Request": "true" } });
  if (!answer.ok || answer.headers.has("HX-Redirect") || input.value.trim() !== text) return;
  const list = document.getElementById(input.getAttribute("aria-controls"));
  list.innerHTML = await answer.text();
  options(input).forEach((option, index) => { option.id = `${list.id}-${index}`; });
  list.hidden = false;
  list.scrollIntoView({ block: "nearest" });
  input.setAttribute("aria-expanded", "true");
  input.removeAttribute("aria-activedescendant");
}

function proposeSoon(input) {
  clearTimeout(waiting.get(input));
  waiting.set(input, setTimeout(() => propose(input).catch(() => close(input)), 180));
}

function point(input, option) {
  for (const one of options(input)) one.setAttribute("aria-selected", String(one === option));
  input.setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
}

function choose(input, option) {
  clearTimeout(waiting.get(input));
  input.value = "";
  close(input);
  addChip(input.closest("[data-picker]"), option.dataset);
  input.focus();
}

function move(input, step) {
  const found = options(input);
  if (!found.length) { propose(input).catch(() => close(input)); return; }
  const at = found.findIndex((one) => one.id === input.getAttribute("aria-activedescendant"));
  point(input, found.at((at < 0 && step < 0 ? 0 : at) + step >= found.length ? 0 : (at < 0 && step < 0 ? 0 : at) + step));
}

function pickerKey(event, input) {
  const isOpen = input.getAttribute("aria-expanded") === "true";
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    move(input, event.key === "ArrowDown" ? 1 : -1);
  } else if (event.key === "Enter" && (isOpen || input.value.trim())) {
    event.preventDefault();
    const active = document.getElementById(input.getAttribute("aria-activedescendant"));
    const option = active || options(input)[0];
    if (isOpen && option) choose(input, option);
  } else if (event.key === "Escape" && isOpen) {
    event.preventDefault();
    close(input);
  }
}

// What was typed and is not saved

function typed() {
  const values = [...new FormData(plan)].filter(([name]) => !UNTYPED.has(name));
  return JSON.stringify(values);
}

function watchLeaving() {
  const before = plan.dataset.unsaved === undefined ? typed() : null;
  let isSent = false;
  plan.addEventListener("submit", () => { isSent = true; });
  addEventListener("pageshow", () => { isSent = false; });
  addEventListener("beforeunload", (event) => {
    if (!isSent && typed() !== before) event.preventDefault();
  });
}

// A date of which only a part is typed is no date for the browser: it would be sent as none.
function refuseHalfDates(event) {
  const half = event.target === plan && [...plan.elements].find((field) => field.validity && field.validity.badInput);
  if (!half) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  half.reportValidity();
}

// 9, 930 and 9.30 are times too.
function tidyClock(field) {
  const found = field.value.trim().match(/^([01]?\d|2[0-3])(?:[:.]?([0-5]\d))?$/);
  if (found) field.value = `${found[1].padStart(2, "0")}:${found[2] || "00"}`;
}

function clicked(event) {
  const button = event.target.closest("button, [role=option]");
  if (!button || event.defaultPrevented) return;
  const data = button.dataset;
  const acts = [
    ["addRow", addRow],
    ["removeRow", () => removeRow(button)],
    ["more", () => toggleMore(button)],
    ["drop", () => dropChip(button.closest(".chip"))],
    ["take", () => addChip(eventPicker(), { pk: data.take, name: data.name, initials: data.initials })],
    ["untake", () => { chipsOf(eventPicker()).querySelector(`[data-pk="${data.untake}"]`)?.remove(); planned(); }],
    ["show", () => { plan.elements.shown.value = data.show; planned(); }],
  ];
  const found = acts.find(([name]) => data[name] !== undefined);
  if (!found) return;
  event.preventDefault();
  found[1]();
}

function watchPickers() {
  const picker = (event) => event.target.closest(".picker-input");
  plan.addEventListener("input", (event) => { if (picker(event)) proposeSoon(picker(event)); });
  plan.addEventListener("keydown", (event) => { if (picker(event)) pickerKey(event, picker(event)); });
  plan.addEventListener("focusout", (event) => { if (picker(event)) close(picker(event)); });
  plan.addEventListener("mousedown", (event) => {
    const option = event.target.closest(".name");
    if (!option) return;
    event.preventDefault();
    if (option.dataset.pk) choose(option.closest("[data-picker]").querySelector(".picker-input"), option);
  });
}

function watchCopying() {
  const details = plan.querySelector("[data-copy-days]");
  details.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { details.open = false; details.querySelector("summary").focus(); }
    if (event.key === "Enter" && event.target.matches("input")) {
      event.preventDefault();
      details.querySelector("[data-copy-rows]").click();
    }
  });
  details.addEventListener("toggle", () => {
    if (details.open) details.querySelector(".copy-days-panel").scrollIntoView({ block: "nearest" });
  });
  document.addEventListener("click", (event) => { if (!details.contains(event.target)) details.open = false; });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.requestConfig.elt.dataset.copyRows === undefined) return;
    details.open = false;
    prepare(plan);
    details.querySelector("summary").focus();
    planned();
  });
}

// The words about each session come with the list; a row may be gone by then.
function handOutWords() {
  for (const words of document.querySelectorAll("[data-goes-to]")) {
    document.getElementById(words.dataset.goesTo)?.replaceChildren(...words.childNodes);
  }
}

function watchTheList() {
  document.addEventListener("htmx:afterSwap", handOutWords);
  plan.elements.look.addEventListener("keydown", (event) => {
    if (event.key === "Enter") { event.preventDefault(); planned(); }
  });
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    if (!event.detail.xhr.getResponseHeader("HX-Redirect")) return;
    event.preventDefault();
    document.getElementById("as-of").textContent = plan.dataset.signedOut;
  });
}

if (plan) {
  prepare(plan);
  watchPickers();
  watchCopying();
  watchTheList();
  watchLeaving();
  plan.addEventListener("click", clicked);
  plan.addEventListener("change", (event) => { if (event.target.matches(".session-clock input")) tidyClock(event.target); });
  addEventListener("submit", refuseHalfDates, true);
  plan.querySelector("[data-focus]")?.focus();
}
