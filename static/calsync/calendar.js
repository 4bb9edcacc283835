"use strict";

// The grid of the availability calendar: reads the feed, draws it with Event Calendar, and keeps it up to date.
// The toolbar, the filters and the list come from the server; htmx puts them in place.

const REFRESH = 30_000;
const DAY_STEPS = { day: 1, week: 2 }; // hours between two lines
const FONT = '"Inter Variable", sans-serif';
const NARROW = matchMedia("(max-width: 767px)");
const EC_VIEWS = { day: "resourceTimelineDay", week: "resourceTimelineWeek" };
let board = null;
let heightBefore = 0;

class SignedOut extends Error {}
class Refused extends Error {}

async function readFeed(address, signal) {
  const answer = await fetch(address, { headers: { Accept: "application/json" }, signal });
  if (answer.redirected || !answer.headers.get("Content-Type")?.includes("json")) {
    throw answer.ok ? new SignedOut() : new Refused();
  }
  const found = await answer.json();
  if (!answer.ok) throw new Refused(found.error);
  return found;
}

class Board {
  constructor(host) {
    const data = host.dataset;
    this.host = host;
    this.words = JSON.parse(data.words);
    this.speech = new Speech(this.words, document.documentElement.lang || "en-GB");
    this.view = data.view;
    this.first = data.first;
    this.days = Array.from({ length: Number(data.days) }, (_, at) => addDays(data.first, at));
    this.today = data.today;
    this.icons = data.icons;
    this.mayEdit = Boolean(data.mayEdit);
    this.isMonth = !(this.view in EC_VIEWS);
    this.page = null;
    this.calendar = null;
    this.card = new Card(this);
    this.stop = new AbortController();
    this.width = 0;
    this.watch = new ResizeObserver(() => this.resized());
  }

  part(name) {
    return this.host.querySelector(`[data-${name}]`);
  }

  // ---- reading

  async load(isQuiet = false) {
    try {
      const found = await readFeed(this.host.dataset.feed, this.stop.signal);
      await document.fonts.load(`600 12.5px ${FONT}`);
      if (this.stop.signal.aborted || (isQuiet && this.card.isOpen)) return;
      if (isQuiet && JSON.stringify(found) === JSON.stringify(this.feed)) return;
      this.show(found);
    } catch (error) {
      if (!this.stop.signal.aborted && !(isQuiet && this.feed)) this.fail(error);
    }
  }

  show(found) {
    this.feed = found;
    this.byId = new Map(found.events.map((item) => [item.id, item]));
    this.order = new Map(found.resources.map((row, at) => [row.id, at]));
    this.part("wait").hidden = true;
    this.part("message").hidden = true;
    this.host.style.minHeight = "";
    document.getElementById("calendar-count").textContent =
      filled(this.words.count, found.instructors, this.host.dataset.total);
    const isEmpty = !found.resources.length;
    for (const name of ["grid", "legend"]) this.part(name).hidden = isEmpty;
    if (isEmpty) this.sayNobody();
    else this.draw();
    this.showPages();
  }

  say(title, text, ...actions) {
    const message = this.part("message");
    message.replaceChildren(make("div", "nothing", make("h2", "card-title", ...title), make("p", "", text),
      make("div", "buttons", ...actions)));
    message.hidden = false;
  }

  sayNobody() {
    const { search, everybody } = this.host.dataset;
    const { noneSearch, noneSearchWhy, noneConflicts, noneConflictsWhy, showEverybody } = this.words;
    const link = this.card.link(everybody, "btn", showEverybody);
    if (search) this.say(sentence(noneSearch, search), noneSearchWhy, link);
    else this.say([noneConflicts], noneConflictsWhy, link);
  }

  fail(error) {
    const { failed, failedWhy, offline, signedOut, tryAgain, reload } = this.words;
    const isOut = error instanceof SignedOut;
    const button = make("button", "btn", picture(this.icons, "refresh"), isOut ? reload : tryAgain);
    button.type = "button";
    button.addEventListener("click", () => (isOut ? location.reload() : this.again()));
    const why = isOut ? signedOut : error instanceof Refused ? error.message || failedWhy : navigator.onLine ? failedWhy : offline;
    for (const name of ["wait", "grid", "legend", "pager"]) this.part(name).hidden = true;
    this.say([failed], why, button);
  }

  again() {
    this.part("message").hidden = true;
    this.part("wait").hidden = false;
    this.load();
  }

  showPages() {
    const { page, pages, instructors, resources } = this.feed;
    const pager = this.part("pager");
    pager.hidden = pages < 2;
    if (pages < 2) return;
    const { shown, page: pageOf, previous, next } = this.words;
    const size = page < pages ? resources.length : Math.ceil((instructors - resources.length) / Math.max(1, pages - 1));
    const before = (page - 1) * size;
    const link = (number, rel, text) => {
      const address = new URL(location.href);
      address.searchParams.set("page", number);
      const made = this.card.link(address.pathname + address.search, "btn btn-sm", text);
      made.rel = rel;
      return made;
    };
    const nav = make("nav", "buttons", page > 1 ? link(page - 1, "prev", previous) : "",
      make("span", "secondary", filled(pageOf, page, pages)), page < pages ? link(page + 1, "next", next) : "");
    nav.setAttribute("aria-label", this.words.pages);
    pager.replaceChildren(
      make("p", "secondary", filled(shown, before + 1, before + resources.length, instructors)), nav);
  }

  // ---- what belongs to an item

  nameOf(row) {
    return this.feed.resources[this.order.get(row)].title;
  }

  // What is in the way of `items` and is none of them.
  othersOf(items) {
    const own = new Set(items.map((item) => item.id));
    const ids = new Set(items.flatMap((item) => item.with || []).filter((id) => !own.has(id)));
    return [...ids].map((id) => this.byId.get(id)).filter(Boolean);
  }

  // ---- drawing

  measure() {
    const grid = this.part("grid");
    this.width = grid.clientWidth;
    const sidebar = NARROW.matches ? 120 : 176;
    const room = this.width - sidebar;
    grid.style.setProperty("--sidebar", `${sidebar}px`);
    this.shownDays = this.days.filter((day) => !this.hidden.includes(new Date(day).getUTCDay()));
    const count = this.shownDays.length;
    const least = this.isMonth ? (NARROW.matches ? 36 : 30) : this.view === "day" ? 600 : Math.max(132, this.slots * 18);
    this.dayWidth = Math.max(least, room / count);
    grid.style.setProperty("--grid-width", `${Math.ceil(sidebar + this.dayWidth * count)}px`);
    grid.classList.toggle("is-wide", this.dayWidth * count > room + 1);
    if (!this.isMonth) this.slotWidth = this.dayWidth / this.slots;
  }

  draw() {
    this.hidden = this.hiddenDays();
    if (!this.isMonth) {
      this.step = DAY_STEPS[this.view];
      this.hours = hoursOf(this.feed.events, this.step);
      this.slots = (this.hours[1] - this.hours[0]) / this.step;
    }
    this.measure();
    const focused = document.activeElement?.closest?.(".ec-event")?.dataset.piece;
    this.card.close(false);
    if (this.calendar) EventCalendar.destroy(this.calendar);
    this.calendar = EventCalendar.create(this.part("grid"), this.options());
    this.note();
    this.watch.observe(this.part("grid"));
    setTimeout(() => this.mounted(focused));
  }

  hiddenDays() {
    if (this.view !== "week") return [];
    this.weekend = weekendOf(this.feed.events, addDays(this.first, 5));
    return this.weekend === "items" ? [] : [6, 0];
  }

  note() {
    const { weekendEmpty, weekendLeave, busyHours } = this.words;
    const isWeekendHidden = this.hidden.length > 0;
    this.part("note").textContent = this.isMonth ? busyHours
      : isWeekendHidden ? (this.weekend === "leave" ? weekendLeave : weekendEmpty) : "";
    const title = document.querySelector("#calendar-toolbar h1");
    if (isWeekendHidden && title.dataset.workdays) title.textContent = title.dataset.workdays;
  }

  resized() {
    if (Math.abs(this.part("grid").clientWidth - this.width) < 2) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.draw(), 100);
  }

  options() {
    const common = {
      view: EC_VIEWS[this.view] ?? "resourceTimelineMonth",
      date: this.first,
      duration: { days: this.days.length },
      hiddenDays: this.hidden,
      firstDay: 1,
      locale: document.documentElement.lang || "en-GB",
      timeZone: this.host.dataset.offset,
      headerToolbar: { start: "", center: "", end: "" },
      eventStartEditable: false, // nothing here is moved by the mouse: a session is moved on its event's page
      eventDurationEditable: false,
      eventGap: 4,
      eventOrder: (one, other) => one.extendedProps.order - other.extendedProps.order || one.start - other.start,
      resources: this.feed.resources.map((row) => ({ id: row.id, title: row.title, extendedProps: row })),
      resourceLabelContent: ({ resource }) => ({ domNodes: [this.label(resource.extendedProps)] }),
      events: [...this.pieces(), ...this.hatches()],
      eventContent: ({ event }) => ({ domNodes: event.extendedProps.nodes() }),
      eventDidMount: ({ event, el }) => this.dress(event, el),
      eventClick: ({ event, el, jsEvent }) => {
        jsEvent.preventDefault(); // the Enter that opens the card must not press what gets the focus in it
        this.card.open(event.extendedProps.items, el);
      },
      dayHeaderFormat: (date) => ({ domNodes: [this.dayHead(date)] }),
    };
    return { ...common, ...(this.isMonth ? { columnWidth: "minmax(30px, 1fr)" } : this.timeOptions()) };
  }

  timeOptions() {
    const clock = (hour) => `${String(hour).padStart(2, "0")}:00:00`;
    return {
      nowIndicator: true,
      slotMinTime: clock(this.hours[0]),
      slotMaxTime: clock(this.hours[1]),
      scrollTime: clock(this.hours[0]),
      slotDuration: clock(this.step),
      slotLabelInterval: clock(this.step),
      slotWidth: this.slotWidth,
      slotLabelFormat: (date) => (this.view === "day" ? `${String(date.getHours()).padStart(2, "0")}:00` : String(date.getHours())),
    };
  }

  dayHead(date) {
    const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()].map((part) => String(part).padStart(2, "0")).join("-");
    if (this.view === "day") return make("span", "day-link", this.speech.dayName(day));
    const address = new URL(location.href);
    address.searchParams.set("view", "day");
    address.searchParams.set("date", day);
    const words = this.isMonth ? [make("span", "day-letter", this.speech.dayLetter(day)), make("b", "", String(Number(day.slice(8))))]
      : [this.speech.dayName(day)];
    const link = make("a", "day-link", ...words);
    link.href = address.pathname + address.search;
    return link;
  }

  // ---- rows

  label(row) {
    const name = make(row.url ? "a" : "span", "row-name", make("bdi", "", row.title));
    if (row.url) name.href = row.url;
    const notes = [];
    if (row.conflicts) {
      const text = row.conflicts === 1 ? this.words.conflictOne : filled(this.words.conflictMany, row.conflicts);
      notes.push(make("span", "row-conflict", picture(this.icons, "alert-triangle-filled"), text));
    }
    const [tone, icon] = { stale: ["warn", "clock-exclamation"], failing: ["warn", "alert-circle"], stopped: ["off", "player-pause"],
      paused: ["off", "player-pause"], unmatched: ["off", "mailbox-off"], waiting: ["off", "loader-2"] }[row.state] ?? ["", ""];
    const note = make("span", `row-note${tone ? ` row-note-${tone}` : ""}`, icon ? picture(this.icons, icon) : "", row.note);
    if (row.problem) note.title = row.problem;
    notes.push(note);
    return make("div", "row-words", name, make("span", "row-notes", ...notes));
  }

  // ---- items

  rowsOf() {
    const rows = new Map(this.feed.resources.map((row) => [row.id, []]));
    for (const item of this.feed.events) rows.get(item.resourceId)?.push(item);
    for (const items of rows.values()) items.sort((one, other) => Date.parse(one.start) - Date.parse(other.start));
    return rows;
  }

  pieces() {
    const [first, last] = [this.days[0], this.days.at(-1)];
    return [...this.rowsOf()].flatMap(([row, items]) => (this.isMonth
      ? monthPieces(items, first, last).map((piece) => this.monthEvent(row, piece))
      : items.map((item) => this.timeEvent(row, item))));
  }

  event(row, items, span, nodes) {
    const classNames = [...new Set(items.flatMap(classesOf))];
    return {
      id: `${items[0].id} ${span.start}`, resourceId: row, title: "", classNames, ...span,
      extendedProps: { items, nodes, row, order: this.order.get(row) },
    };
  }

  timeEvent(row, item) {
    const start = wallOf(item.start);
    const end = wallOf(item.end) > start ? wallOf(item.end) : `${start.slice(0, 13)}:59:00`; // the clock went back
    return this.event(row, [item], { start, end }, () => this.timeWords(item, this.widthOf(start, end)));
  }

  // The pixels between two wall-clock moments, without hidden days and hours.
  widthOf(start, end) {
    const [from, until] = this.hours;
    let hours = 0;
    for (const day of this.shownDays) {
      const at = (moment) => (Date.parse(`${moment}Z`) - Date.parse(`${day}T00:00:00Z`)) / HOUR_LENGTH;
      hours += Math.max(0, Math.min(until, at(end)) - Math.max(from, at(start)));
    }
    return (hours / this.step) * this.slotWidth;
  }

  timeWords(item, width) {
    const room = width - 14 - (item.conflict ? 22 : 0) - (item.all_day && item.show_as === "oof" ? 26 : 0);
    const names = item.kind === "session" ? sessionNames(item) : [item.title, this.words[isTentative(item) ? "tentative" : "busy"]];
    const name = fitting(names, room, `600 12.5px ${FONT}`);
    const nodes = item.conflict ? [this.strip(width)] : [];
    if (!name) return nodes;
    const icon = item.all_day && item.show_as === "oof" ? picture(this.icons, "plane-departure") : "";
    const hours = item.all_day ? "" : fitting(this.hoursTexts(item), room, `400 11.5px ${FONT}`);
    nodes.push(make("span", "item-words", icon, make("span", "item-texts", make("bdi", "item-name", name), hours ? make("bdi", "item-hours", hours) : "")));
    return nodes;
  }

  hoursTexts(item) {
    const clock = this.speech.clock(item);
    if (item.status === "draft") return [item.place && `${this.words.draft}, ${item.place}`, this.words.draft];
    return [item.place && `${clock}, ${item.place}`, clock, clockOf(item.start)];
  }

  strip(width) {
    return make("span", "item-strip", width >= 34 ? picture(this.icons, "alert-triangle-filled") : "");
  }

  monthEvent(row, piece) {
    const { first, last, items } = piece;
    const days = this.days.filter((day) => day >= first && day <= last).length;
    const span = { start: first, end: addDays(last, 1), allDay: true };
    const width = days * this.dayWidth - 4;
    const event = this.event(row, items, span, () => this.monthWords(piece, width));
    if (days === 1) event.classNames.push("is-short");
    return event;
  }

  monthWords({ items, first, isChip }, width) {
    const item = items.find((one) => one.conflict) ?? items[0];
    const isOof = item.show_as === "oof";
    const { oof, oofShort, oofShortest, busy, tentative } = this.words;
    const names = isChip ? [this.speech.span(busyTime(items, first))]
      : item.kind === "session" ? sessionNames(item)
        : isOof ? [item.title, oof, oofShort, oofShortest] : [item.title, isTentative(item) ? tentative : busy];
    const isWide = width > 60;
    const strip = item.conflict ? (isWide ? 22 : 6) : 0;
    const name = fitting(names, width - strip - (isWide ? 14 : isChip || item.kind === "session" ? 1 : 10), `600 ${isWide ? 12.5 : 11.5}px ${FONT}`);
    const words = name ? [make("bdi", "item-name item-words", name)] : [];
    return item.conflict ? [this.strip(isWide ? width : 0), ...words] : words;
  }

  // ---- what is not known

  hatches() {
    return this.feed.resources.flatMap((row) => row.unknown.map((gap) => this.hatch(row, gap)));
  }

  hatch(row, gap) {
    const [start, end] = [wallOf(gap.start), wallOf(gap.end)];
    const span = this.isMonth ? { start: dayOf(start), end: addDays(lastDayOf(gap), 1), allDay: true } : { start, end };
    const nodes = () => this.hatchLabel(row, span);
    return { resourceId: row.id, display: "background", classNames: ["is-unknown"], ...span,
      extendedProps: { nodes, items: [], row: row.id, order: this.order.get(row.id) } };
  }

  // The label stands where no item lies, from today on if it can.
  hatchLabel(row, { start, end }) {
    const text = row.unknown_note;
    pen.font = `600 12px ${FONT}`;
    const wanted = pen.measureText(text).width + 34;
    const from = this.left(start);
    const items = this.feed.events.filter((item) => item.resourceId === row.id);
    const taken = items.map((item) => (this.isMonth
      ? [this.left(firstDayOf(item)), this.left(addDays(lastDayOf(item), 1))]
      : [this.left(wallOf(item.start)), this.left(wallOf(item.end))]));
    const gaps = gapsBetween(taken, from, this.left(end)).filter(([left, right]) => right - left >= wanted);
    const today = this.left(this.today);
    const gap = gaps.find(([, right]) => right - today >= wanted && this.shownDays.includes(this.today)) ?? gaps[0];
    if (!gap) return [];
    const label = make("span", "hatch-label", text);
    const left = gap === gaps[0] && gap[1] - today < wanted ? gap[0] : Math.max(gap[0], this.shownDays.includes(this.today) ? today : gap[0]);
    label.style.insetInlineStart = `${left - from + 10}px`;
    return [label];
  }

  // How far from the left a day or a wall-clock moment lies, in pixels.
  left(moment) {
    const start = `${this.shownDays[0]}T00:00:00`;
    if (!this.isMonth) return this.widthOf(start, moment.length > 10 ? moment : `${moment}T00:00:00`);
    return this.shownDays.filter((day) => day < dayOf(moment)).length * this.dayWidth;
  }

  // ---- keyboard and screen readers

  dress(event, element) {
    const { items, row } = event.extendedProps;
    if (!items.length) return;
    const text = items.map((item) => this.speech.line(item, this.othersOf([item]))).join("; ");
    element.title = text;
    element.setAttribute("aria-haspopup", "dialog");
    element.firstElementChild.setAttribute("aria-hidden", "true"); // the words beside it say it in full
    element.append(make("span", "visually-hidden", `${isolated(this.nameOf(row))}: ${text}`));
    element.tabIndex = -1;
    element.dataset.piece = event.id;
    element.dataset.row = row;
  }

  mounted(focused) {
    if (this.stop.signal.aborted) return;
    const grid = this.part("grid");
    if (this.shownDays.includes(this.today)) grid.scrollLeft = this.left(this.today);
    const items = [...grid.querySelectorAll(".ec-event")];
    const again = items.find((item) => item.dataset.piece === focused);
    if (items.length) (again ?? items[0]).tabIndex = 0;
    again?.focus({ preventScroll: true });
    this.host.dataset.drawn = "";
  }

  // The arrows lead from item to item: left and right in a row, up and down to the nearest in the next row with any.
  key(event) {
    const item = event.target.closest(".ec-event");
    if (!item || !event.key.startsWith("Arrow")) return;
    const items = [...this.part("grid").querySelectorAll(".ec-event")];
    const row = (one) => this.order.get(one.dataset.row);
    const at = (one) => one.getBoundingClientRect().left;
    const near = (one, other) => Math.abs(at(one) - at(item)) - Math.abs(at(other) - at(item));
    const inRow = items.filter((one) => one.dataset.row === item.dataset.row).sort((one, other) => at(one) - at(other));
    const position = inRow.indexOf(item);
    const above = Math.max(...items.map(row).filter((one) => one < row(item)));
    const below = Math.min(...items.map(row).filter((one) => one > row(item)));
    const found = {
      ArrowLeft: () => inRow[position - 1],
      ArrowRight: () => inRow[position + 1],
      ArrowUp: () => items.filter((one) => row(one) === above).sort(near)[0],
      ArrowDown: () => items.filter((one) => row(one) === below).sort(near)[0],
    }[event.key]();
    event.preventDefault();
    if (found) this.goTo(found, items);
  }

  goTo(item, items) {
    for (const one of items) one.tabIndex = one === item ? 0 : -1;
    item.focus();
  }

  end() {
    this.stop.abort();
    this.watch.disconnect();
    clearTimeout(this.timer);
    this.card.close(false);
    if (this.calendar) EventCalendar.destroy(this.calendar);
    this.calendar = null;
  }
}

// The stretches of [from, until) that none of `taken` covers.
function gapsBetween(taken, from, until) {
  const gaps = [];
  let at = from;
  for (const [left, right] of taken.toSorted((one, other) => one[0] - other[0])) {
    if (left > at) gaps.push([at, Math.min(left, until)]);
    at = Math.max(at, right);
  }
  if (until > at) gaps.push([at, until]);
  return gaps;
}

// ---- the page

async function countConflicts(body) {
  const badge = document.querySelector("[data-conflict-count]");
  try {
    const { instructors } = await readFeed(body.dataset.counts);
    if (!body.isConnected) return;
    badge.textContent = instructors;
    badge.hidden = !instructors;
  } catch {
    badge.hidden = true; // the number is a convenience; the grid says what is wrong
  }
}

function start() {
  const body = document.getElementById("calendar-body");
  if (!body || body.dataset.started !== undefined) return;
  body.dataset.started = "";
  board?.end();
  board = null;
  const host = body.querySelector("[data-calendar]");
  if (host?.dataset.list && NARROW.matches) {
    showList(host.dataset.list);
    return;
  }
  countConflicts(body);
  if (!host) return;
  if (heightBefore) host.style.minHeight = `${heightBefore}px`;
  board = new Board(host);
  host.addEventListener("keydown", (event) => board?.key(event));
  board.load();
}

// Where nobody has chosen, a narrow screen gets the list.
function showList(address) {
  history.replaceState(history.state, "", address);
  htmx.ajax("GET", address, { target: "#calendar-body", source: "#calendar-body", swap: "outerHTML", select: "#calendar-body" });
}

document.addEventListener("DOMContentLoaded", start);
document.addEventListener("htmx:afterSettle", start);

document.addEventListener("htmx:beforeSwap", () => {
  heightBefore = document.querySelector("[data-calendar]")?.offsetHeight ?? 0;
});

// The address says only what is chosen.
document.addEventListener("htmx:configRequest", (event) => {
  const { parameters } = event.detail;
  for (const name of Object.keys(parameters)) if (parameters[name] === "") delete parameters[name];
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") board?.card.close();
});

setInterval(() => {
  if (!document.hidden) board?.load(true);
}, REFRESH);
