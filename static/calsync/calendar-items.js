"use strict";

// From the feed of the availability calendar to what the grid draws. Days and moments are texts in the viewer's
// zone, as the feed writes them: 2026-11-18, 2026-11-18T09:00:00+00:00.

const DAY_LENGTH = 86_400_000;
const HOUR_LENGTH = 3_600_000;
const USUAL_HOURS = [7, 19];
const OPEN = "\u2068"; // what is between these two is read in its own direction
const SHUT = "\u2069";

const dayOf = (moment) => moment.slice(0, 10);
const clockOf = (moment) => moment.slice(11, 16);
const wallOf = (moment) => moment.slice(0, 19);
const lengthOf = (item) => Date.parse(item.end) - Date.parse(item.start);
const isolated = (text) => `${OPEN}${text}${SHUT}`;

function addDays(day, count) {
  return new Date(Date.parse(`${day}T00:00:00Z`) + count * DAY_LENGTH).toISOString().slice(0, 10);
}

function filled(text, ...values) {
  return values.reduce((so, value) => so.replace("%s", () => value), text);
}

// The last day that an item touches; one that ends at midnight does not touch the day that begins then.
function lastDayOf(item) {
  if (item.all_day && item.last) return item.last;
  return clockOf(item.end) === "00:00" && lengthOf(item) > 0 ? addDays(dayOf(item.end), -1) : dayOf(item.end);
}

function firstDayOf(item) {
  return item.all_day && item.first ? item.first : dayOf(item.start);
}

function isTentative(item) {
  return item.kind === "external" && item.show_as === "tentative";
}

function classesOf(item) {
  const kind = item.kind === "session" ? item.status : isTentative(item) ? "tentative" : "busy";
  return [`is-${kind}`, ...(item.all_day ? ["is-all-day"] : []), ...(item.conflict ? ["is-conflict"] : [])];
}

// Words about dates, times and items, in one language.
class Speech {
  constructor(words, language) {
    this.words = words;
    this.day = new Intl.DateTimeFormat(language, { weekday: "short", day: "numeric", month: "short", timeZone: "UTC" });
    this.date = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", timeZone: "UTC" });
    this.letter = new Intl.DateTimeFormat(language, { weekday: "narrow", timeZone: "UTC" });
  }

  dayName(day) {
    return this.day.format(Date.parse(`${day}T00:00:00Z`)).replaceAll(",", "");
  }

  dayLetter(day) {
    return this.letter.format(Date.parse(`${day}T00:00:00Z`));
  }

  clock(item) {
    return `${clockOf(item.start)}–${clockOf(item.end)}`;
  }

  // What an item is called: its title, or the word for what Outlook says of it.
  name(item) {
    if (item.kind === "session" || !this.isUntitled(item)) return item.title;
    const { inOutlookOof, inOutlookTentative, inOutlookBusy } = this.words;
    return { oof: inOutlookOof, tentative: inOutlookTentative }[item.show_as] ?? inOutlookBusy;
  }

  isUntitled(item) {
    return [this.words.busy, this.words.tentative, this.words.oof].includes(item.title);
  }

  when(item) {
    const [first, last] = [firstDayOf(item), lastDayOf(item)];
    const days = first === last ? this.dayName(first) : `${this.dayName(first)} – ${this.dayName(last)}`;
    if (item.all_day) return `${days}, ${this.words.allDay}`;
    if (first === last) return `${days} ${this.clock(item)}`;
    return `${this.dayName(first)} ${clockOf(item.start)} – ${this.dayName(dayOf(item.end))} ${clockOf(item.end)}`;
  }

  // Everything about an item in one line, for the tooltip and for screen readers.
  line(item, others) {
    const parts = [isolated(this.name(item)), this.when(item)];
    if (item.place) parts.push(isolated(item.place));
    if (item.kind === "session") parts.push(this.words[item.status].toLowerCase());
    const names = others.map((other) => isolated(this.name(other))).join(", ");
    const text = item.conflict ? this.words.conflictWith : this.words.overlapsWith;
    return parts.join(", ") + (names ? `. ${filled(text, names)}` : "");
  }

  // Hours, rounded up to halves.
  span(milliseconds) {
    const halves = Math.ceil((milliseconds / HOUR_LENGTH) * 2);
    const whole = Math.floor(halves / 2) || "";
    return filled(this.words.hours, `${whole}${halves % 2 ? "½" : ""}`);
  }
}

// Chooses, of texts from the fullest to the shortest, the first that fits. Nothing is ever cut off.
const pen = document.createElement("canvas").getContext("2d");

function fitting(texts, width, font) {
  pen.font = font;
  return texts.find((text) => text && pen.measureText(text).width <= width) ?? "";
}

// What a session may be called, from the fullest to the shortest: the last ones are the first words of its title, never
// half a word, and none that leaves one waiting for the next.
function sessionNames(item) {
  const words = item.title.trim().split(/\s+/);
  const beginnings = words.map((_, dropped) => words.slice(0, words.length - dropped).join(" ")).slice(1);
  const whole = beginnings.map((text) => text.replace(/[\s,;:.–-]+$/u, "")).filter((text) => !/(^|\s)\p{Ll}{1,3}$/u.test(text));
  return [item.title, item.short_name, ...whole];
}

// Sessions of one event on days that follow one another, as one bar.
function barsOf(sessions) {
  const bars = [];
  for (const item of sessions) {
    const last = bars.findLast((bar) => bar.items[0].event === item.event && bar.items[0].status === item.status);
    if (last && firstDayOf(item) <= addDays(last.last, 1)) {
      last.items.push(item);
      if (lastDayOf(item) > last.last) last.last = lastDayOf(item);
    } else {
      bars.push({ first: firstDayOf(item), last: lastDayOf(item), items: [item] });
    }
  }
  return bars;
}

// The timed items of Outlook of each day, added up: apart what is tentative, and what is in conflict.
function chipsOf(externals, first, last) {
  const chips = new Map();
  for (const item of externals) {
    for (let day = dayOf(item.start); day <= lastDayOf(item); day = addDays(day, 1)) {
      if (day < first || day > last) continue;
      const key = `${day} ${isTentative(item)} ${item.conflict}`;
      if (!chips.has(key)) chips.set(key, { first: day, last: day, items: [], isChip: true });
      chips.get(key).items.push(item);
    }
  }
  return [...chips.values()];
}

// How long a day is taken by items, whatever of them overlaps counted once.
function busyTime(items, day) {
  const starts = `${day}T00:00:00`;
  const ends = `${addDays(day, 1)}T00:00:00`;
  const spans = items.map((item) => [wallOf(item.start), wallOf(item.end)])
    .map(([start, end]) => [start < starts ? starts : start, end > ends ? ends : end])
    .map(([start, end]) => [Date.parse(`${start}Z`), Date.parse(`${end}Z`)])
    .sort((one, other) => one[0] - other[0]);
  let total = 0;
  let until = -Infinity;
  for (const [start, end] of spans) {
    total += Math.max(0, end - Math.max(start, until));
    until = Math.max(until, end);
  }
  return total;
}

// What lies in a row of the month: bars of sessions, bands of whole days, and chips of hours.
function monthPieces(items, first, last) {
  const externals = items.filter((item) => item.kind === "external");
  const bands = externals.filter((item) => item.all_day)
    .map((item) => ({ first: firstDayOf(item), last: lastDayOf(item), items: [item] }));
  const chips = chipsOf(externals.filter((item) => !item.all_day), first, last);
  return [...bands, ...barsOf(items.filter((item) => item.kind === "session")), ...chips];
}

// The hours between which the days of a week are drawn: the usual ones, and what lies outside them.
function hoursOf(items, step) {
  let [from, until] = USUAL_HOURS;
  for (const item of items.filter((one) => !one.all_day && lengthOf(one) > 0)) {
    const isOvernight = dayOf(item.start) !== lastDayOf(item);
    const end = clockOf(item.end) === "00:00" ? 24 : Number(item.end.slice(11, 13)) + (item.end.slice(14, 16) > "00");
    from = Math.min(from, isOvernight ? 0 : Number(item.start.slice(11, 13)));
    until = Math.max(until, isOvernight ? 24 : end);
  }
  if ((USUAL_HOURS[0] - from) % step) from = Math.max(0, from - 1);
  if ((until - from) % step) until < 24 ? until += 1 : from = Math.max(0, from - 1);
  return [from, until];
}

// What hides in a Saturday and Sunday: "" for nothing, "leave" where only whole days go on through, else "items".
function weekendOf(items, saturday) {
  const monday = addDays(saturday, 2);
  const lying = items.filter((item) => firstDayOf(item) < monday && lastDayOf(item) >= saturday);
  if (!lying.length) return "";
  return lying.every((item) => item.all_day && firstDayOf(item) < saturday) ? "leave" : "items";
}
