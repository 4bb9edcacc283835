"use strict";

// The card that opens beside an item of the grid: what it is, when, where, what is in its way, and where to go on.

const SHOWN_LINES = 8;

function make(tag, css, ...children) {
  const element = document.createElement(tag);
  if (css) element.className = css;
  element.append(...children.filter((child) => child !== null && child !== ""));
  return element;
}

function picture(icons, name, css = "") {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("class", `icon ${css}`);
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(space, "use");
  use.setAttribute("href", `${icons}#${name}`);
  svg.append(use);
  return svg;
}

// A text in which each %s is a name from outside, read in its own direction.
function sentence(text, ...names) {
  const parts = text.split("%s");
  return parts.flatMap((part, at) => (at < names.length ? [part, make("bdi", "", names[at])] : [part]));
}

class Card {
  // `board` is the Board on which it opens (calendar.js).
  constructor(board) {
    this.board = board;
    this.words = board.words;
    this.element = null;
    this.opener = null;
    this.closeOutside = (event) => {
      if (!this.element.contains(event.target) && !this.opener.contains(event.target)) this.close(false);
    };
  }

  get isOpen() {
    return this.element !== null;
  }

  open(items, opener) {
    this.close(false);
    this.opener = opener;
    this.element = this.built(items);
    opener.setAttribute("aria-expanded", "true");
    document.getElementById("calendar").append(this.element);
    this.place();
    this.element.addEventListener("keydown", (event) => this.key(event));
    document.addEventListener("pointerdown", this.closeOutside, true);
    const next = this.element.querySelector(".item-card-actions a") ?? this.element.querySelector("[data-close-card]");
    next.focus({ preventScroll: true });
  }

  close(returnsFocus = true) {
    if (!this.element) return;
    document.removeEventListener("pointerdown", this.closeOutside, true);
    this.element.remove();
    this.element = null;
    this.opener.removeAttribute("aria-expanded");
    if (returnsFocus) this.opener.focus();
  }

  key(event) {
    const stops = [...this.element.querySelectorAll("a, button")];
    const leaves = event.shiftKey ? stops[0] : stops.at(-1);
    if (event.key === "Escape" || (event.key === "Tab" && document.activeElement === leaves)) {
      event.preventDefault();
      this.close();
    }
  }

  built(items) {
    const shown = [...items].sort((one, other) => (other.kind === "session") - (one.kind === "session"));
    const others = this.board.othersOf(items);
    const title = make("h2", "item-card-name", ...this.titleOf(shown, others));
    title.id = "calendar-card-title";
    const card = make("div", "item-card", this.head(shown, others), title, this.facts(shown, others),
      this.actions(shown, others));
    card.setAttribute("role", "dialog");
    card.setAttribute("aria-labelledby", title.id);
    return card;
  }

  titleOf(items, others) {
    const names = [...new Set([...items, ...(items.some((item) => item.conflict) ? others : [])]
      .map((item) => this.board.speech.name(item)))];
    return names.length === 2 ? sentence(this.words.and, ...names) : [make("bdi", "", names.join(", "))];
  }

  head(items, others) {
    const found = this.foundOf([...items, ...others]);
    const button = make("button", "icon-button", picture(this.board.icons, "x"));
    button.type = "button";
    button.dataset.closeCard = "";
    button.setAttribute("aria-label", this.words.close);
    button.addEventListener("click", () => this.close());
    return make("div", "item-card-head", this.badge(items), make("span", "secondary", found), button);
  }

  badge(items) {
    const { words } = this;
    const [tone, icon, word] = items.some((item) => item.conflict) ? ["bad", "alert-triangle-filled", words.conflict]
      : items.some((item) => item.warning) ? ["warn", "alert-triangle", words.warning]
        : items[0].kind === "external" ? ["off", "calendar-event", words.inOutlook]
          : items[0].status === "draft" ? ["info", "circle-dashed", words.draft]
            : ["info", "circle-check", words.confirmed];
    return make("span", `state state-${tone}`, picture(this.board.icons, icon), word);
  }

  // When the newest of the items in conflict was first seen.
  foundOf(items) {
    const found = items.filter((item) => item.conflict && item.found_at).map((item) => item.found_at).sort().at(-1);
    if (!found) return "";
    const { foundToday, foundYesterday, foundOn } = this.words;
    const today = this.board.today;
    if (dayOf(found) === today) return filled(foundToday, clockOf(found));
    if (dayOf(found) === addDays(today, -1)) return filled(foundYesterday, clockOf(found));
    return filled(foundOn, `${this.board.speech.dayName(dayOf(found))}, ${clockOf(found)}`);
  }

  facts(items, others) {
    const { icons } = this.board;
    const fact = (icon, ...words) => make("li", "", picture(icons, icon), make("span", "wrap", ...words));
    const facts = [fact("user", make("bdi", "", this.board.nameOf(items[0].resourceId)))];
    const lines = this.lines([...items, ...others]);
    facts.push(fact("calendar-event", ...lines.map((line) => make("span", "block", line))));
    const places = [...new Set([...items, ...others].map((item) => item.place).filter(Boolean))];
    if (places.length) facts.push(fact("map-pin", ...places.map((place) => make("bdi", "block", place))));
    if (items.some((item) => item.private)) facts.push(fact("lock", this.words.private));
    return make("ul", "item-card-facts", ...facts);
  }

  // A line for each day, with what lies on it in order of time.
  lines(items) {
    const days = new Map();
    for (const item of items) {
      const day = this.dayText(item);
      days.set(day, [...(days.get(day) ?? []), item]);
    }
    const lines = [...days].map(([day, found]) => `${day}: ${found.map((item) => this.part(item)).join(", ")}`);
    return lines.length > SHOWN_LINES ? [...lines.slice(0, SHOWN_LINES), "…"] : lines;
  }

  dayText(item) {
    const { speech } = this.board;
    const [first, last] = [firstDayOf(item), lastDayOf(item)];
    return first === last ? speech.dayName(first) : `${speech.dayName(first)} – ${speech.dayName(last)}`;
  }

  part(item) {
    const { words } = this;
    const text = item.kind === "session" ? words.session
      : { tentative: words.tentativeAt, oof: words.oofAt }[item.show_as] ?? words.busyAt;
    return filled(text, item.all_day ? words.allDay : this.board.speech.clock(item));
  }

  actions(items, others) {
    const events = new Map();
    for (const item of [...items, ...others.filter((other) => other.conflict)]) {
      if (item.url && !events.get(item.url)?.conflict) events.set(item.url, item);
    }
    const links = [...events].map(([url, item]) => {
      const text = events.size > 1 ? `${this.words.openEvent}: ${item.short_name || item.title}` : this.words.openEvent;
      return this.link(url, "btn", text);
    });
    const first = [...events].find(([, item]) => item.conflict);
    if (first && this.board.mayEdit) {
      links.unshift(this.link(`${first[0]}edit/`, "btn btn-primary", this.words.findAnother));
    }
    return links.length ? make("div", "item-card-actions", ...links) : "";
  }

  link(url, css, text) {
    const link = make("a", css, text);
    link.href = url;
    return link;
  }

  // Beside the item, on the side where there is room; below it on a narrow screen.
  place() {
    const around = document.getElementById("calendar").getBoundingClientRect();
    const item = this.opener.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = this.element;
    const isRoomRight = item.right + width + 16 <= document.documentElement.clientWidth;
    const isRoomLeft = item.left - width - 16 >= 0;
    const side = isRoomRight ? "right" : isRoomLeft ? "left" : "below";
    const left = { right: item.right + 12, left: item.left - width - 12, below: Math.max(8, Math.min(item.left,
      document.documentElement.clientWidth - width - 8)) }[side];
    let top = side === "below" ? item.bottom + 10 : item.top - 20;
    if (side !== "below") top = Math.max(8, Math.min(top, window.innerHeight - height - 8));
    this.element.dataset.side = side;
    this.element.style.setProperty("--notch", `${Math.max(14, item.top + item.height / 2 - top)}px`);
    this.element.style.left = `${left - around.left}px`;
    this.element.style.top = `${top - around.top}px`;
  }
}
