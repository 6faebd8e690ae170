// The report's program. It reads the data of this file, sends no request, and puts text from the
// analyzed code on the page as text only: nothing here parses markup.
"use strict";
(() => {
  const root = document.documentElement;
  const problems = [];
  const complain = (what) => {
    problems.push(String(what));
    root.dataset.problems = String(problems.length);
    root.dataset.problem = problems[0].slice(0, 200);
  };
  addEventListener("error", (event) => complain(event.message));
  document.addEventListener("securitypolicyviolation", (event) => complain(`policy: ${event.violatedDirective}`));

  const { prepared, expanded, joined, divided } = rows;
  const PAGE = 50;
  const SVG = "http://www.w3.org/2000/svg";
  const report = JSON.parse(document.getElementById("report").textContent);
  const groups = report.groups;

  // ---- Elements -------------------------------------------------------------------------------------------------

  /** Characters that would move or hide text instead of standing in it. */
  const UNSAFE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029\ufeff]/g;
  const shown = (text) => String(text).replace(UNSAFE, (found) => `\\u{${found.codePointAt(0).toString(16)}}`);

  function element(name, className, ...content) {
    const made = document.createElement(name);
    if (className) made.className = className;
    for (const item of content) {
      if (item === null || item === undefined) continue;
      made.append(item instanceof Node ? item : document.createTextNode(shown(item)));
    }
    return made;
  }

  function drawn(name, attributes, text) {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.append(document.createTextNode(shown(text)));
    return made;
  }

  const number = (value) => value.toLocaleString("en-US");
  // Rounded as the table rounds.
  const percent = (share) => `${(Math.round(share * 1000) / 10).toFixed(1)} %`;
  // Rounded down: code that differs never shows 100 %.
  const similarity = (ratio) => `${(Math.floor(ratio * 1000) / 10).toFixed(1)} %`;
  const plural = (count, one, many) => `${number(count)} ${count === 1 ? one : many}`;

  function table(heads, rows) {
    const head = element("tr", "", ...heads.map(([text, className]) => element("th", className, text)));
    const body = rows.map((cells) => element("tr", "", ...cells.map((cell, at) => element("td", heads[at][1], cell))));
    return element("div", "scroll", element("table", "", element("thead", "", head), element("tbody", "", ...body)));
  }

  // ---- Head of the page -----------------------------------------------------------------------------------------

  function header() {
    const run = report.run;
    const title = `Duplicates in ${run.project || run.root_path}`;
    document.title = shown(title);
    const facts = [run.subject, run.started_at, run.root_path, run.code_ref && `commit ${run.code_ref}`,
      report.baseline !== null && `compared with ${report.baseline}`, `cds ${report.tool_version}`];
    const totals = report.totals;
    const tiles = [["Groups", number(totals.group_count)], ["Definitions in them", number(totals.member_count)],
      ["Repeated lines", number(totals.repeated_lines)], ["Share of all lines", percent(totals.share)]];
    if (totals.intent_lines > 0) {
      tiles.push(["Lines of intents alone", `${number(totals.intent_lines)} (${percent(totals.intent_share)})`]);
    }
    return element("header", "",
      element("h1", "", title),
      element("p", "facts quiet", ...facts.filter(Boolean).map((fact) => element("span", "", fact))),
      ...report.broken_gates.map((gate) => element("p", "note gate", gate)),
      ...report.notes.map((note) => element("p", "note", note)),
      element("dl", "totals", ...tiles.map(([name, value]) =>
        element("div", "", element("dt", "", name), element("dd", "", value)))),
      element("h2", "", "Kinds of duplicates"),
      table([["Channel"], ["Groups", "number"], ["Definitions", "number"], ["Repeated lines", "number"],
        ["Covered by another group", "number"]],
      report.channels.map((channel) => [channel.channel, number(channel.group_count), number(channel.member_count),
        number(channel.repeated_lines), number(channel.covered_count)])));
  }

  function trend() {
    const points = report.trend;
    if (points.length < 2) return null;
    const [width, height, left, right, top, bottom] = [720, 200, 48, 12, 12, 28];
    const most = Math.max(...points.map((point) => point.share), 0.001);
    const x = (at) => left + (width - left - right) * at / (points.length - 1);
    const y = (share) => height - bottom - (height - top - bottom) * share / most;
    const picture = drawn("svg", { class: "trend", viewBox: `0 0 ${width} ${height}`, role: "img",
      "aria-label": `Share of repeated lines over ${points.length} runs` });
    for (const share of [0, most / 2, most]) {
      picture.append(drawn("line", { class: "axis", x1: left, x2: width - right, y1: y(share), y2: y(share) }),
        drawn("text", { x: left - 6, y: y(share) + 4, "text-anchor": "end" }, percent(share)));
    }
    picture.append(drawn("polyline", { class: "share",
      points: points.map((point, at) => `${x(at).toFixed(1)},${y(point.share).toFixed(1)}`).join(" ") }));
    points.forEach((point, at) => {
      const dot = drawn("circle", { cx: x(at).toFixed(1), cy: y(point.share).toFixed(1), r: points.length > 100 ? 1.5 : 3 });
      dot.append(drawn("title", {}, `run ${point.run_id}, ${point.started_at}: ${percent(point.share)}, ` +
        plural(point.group_count, "group", "groups")));
      picture.append(dot);
    });
    for (const [at, anchor] of [[0, "start"], [points.length - 1, "end"]]) {
      picture.append(drawn("text", { x: x(at), y: height - 8, "text-anchor": anchor },
        `run ${points[at].run_id} · ${points[at].started_at.slice(0, 10)}`));
    }
    const rows = points.slice().reverse().map((point) => [`${point.run_id}`, point.started_at, number(point.group_count),
      number(point.member_count), number(point.repeated_lines), percent(point.share), percent(point.intent_share)]);
    const details = element("details", "", element("summary", "", "As a table"));
    details.append(table([["Run"], ["Started"], ["Groups", "number"], ["Definitions", "number"],
      ["Repeated lines", "number"], ["Share", "number"], ["Intents alone", "number"]], rows));
    return element("section", "", element("h2", "", "Share of repeated lines over the runs"), picture, details);
  }

  // ---- Filter ---------------------------------------------------------------------------------------------------

  const FIELDS = ["path", "name", "group", "channel", "state", "intent"];
  const hay = new Array(groups.length);

  /** What a group can be found by, field by field and all together. */
  function haystack(at) {
    if (!hay[at]) {
      const group = groups[at];
      const of = (pick) => group.members.map(pick).filter(Boolean).join("\n").toLowerCase();
      const fields = { path: of((member) => member.path), name: of((member) => `${member.name}\n${member.signature || ""}`),
        group: group.group_id, channel: group.channel, state: group.state || "", intent: of((member) => member.intent) };
      fields.any = FIELDS.map((field) => fields[field]).join("\n");
      hay[at] = fields;
    }
    return hay[at];
  }

  /** Words that all have to be there; `path:`, `name:`, `group:`, `channel:`, `state:` and `intent:` look in one field. */
  function matches(at, words) {
    return words.every((word) => {
      const colon = word.indexOf(":");
      const field = FIELDS.includes(word.slice(0, colon)) ? word.slice(0, colon) : "any";
      return haystack(at)[field].includes(field === "any" ? word : word.slice(colon + 1));
    });
  }

  function line(className, parts, marked) {
    const made = element("span", className);
    let [text, isMarked] = ["", false];
    const flush = () => {
      if (text !== "") made.append(isMarked ? element("mark", "", text) : shown(text));
      text = "";
    };
    parts.forEach((part, at) => {
      if (marked[at] !== isMarked) flush();
      isMarked = marked[at];
      text += part;
    });
    flush();
    return made;
  }

  // ---- A group --------------------------------------------------------------------------------------------------

  const chunks = new Map();

  /** What stands at a place of `code` or `rows`; it is parsed when it is looked at, since most of it never is. */
  function stored(kind, at) {
    if (at === null) return null;
    const id = `${kind}-${Math.floor(at / report.texts_per_chunk)}`;
    if (!chunks.has(id)) chunks.set(id, JSON.parse(document.getElementById(id).textContent));
    return chunks.get(id)[at % report.texts_per_chunk];
  }

  function compare(group, leftAt, rightAt) {
    const [left, right] = [group.members[leftAt], group.members[rightAt]];
    const [leftCode, rightCode] = [stored("code", left.code), stored("code", right.code)];
    const firstCode = stored("code", group.members[0].code);
    if (leftCode === null || rightCode === null || firstCode === null) {
      return element("p", "note", "The code of this copy is left out, to keep the file small.");
    }
    const [a, b] = [prepared(leftCode), prepared(rightCode)];
    const isPart = (member, at) => member.part && member.first + at >= member.part[0] && member.first + at <= member.part[1];
    const side = (className, member, at, parts, marked) => {
      if (at < 0) return [element("span", `number ${className} absent`), element("span", `text ${className} absent`)];
      const number = element("span", `number ${className}${isPart(member, at) ? " part" : ""}`, String(member.first + at));
      return [number, line(`text ${className}`, parts, marked)];
    };
    const code = element("div", "code");
    const beside = (member) => expanded(stored("rows", member.rows), firstCode.text.split("\n").length);
    for (const [one, other] of joined(beside(left), beside(right))) {
      const [i, j] = [one ? one[1] : -1, other ? other[1] : -1];
      if (i < 0 && j < 0) continue;
      // What is marked in the first copy depends on what it is compared with.
      const [inI, inJ] = [leftAt === 0 ? other && other[2] : one && one[3], rightAt === 0 ? one && one[2] : other && other[3]];
      const [inLeft, inRight] = [a[i], b[j]];
      const isQuiet = (inLeft || inRight).isQuiet;
      const isSame = inLeft && inRight && inLeft.text === inRight.text;
      const row = element("div", `pair ${isQuiet ? "quiet" : isSame ? "same" : "differ"}`);
      let [leftParts, rightParts] = [inLeft, inRight].map((found) => (found ? [found.raw.match(/^\s*/u)[0], found.raw.trimStart()] : []));
      let [leftMarks, rightMarks] = [[false, !isQuiet && !isSame], [false, !isQuiet && !isSame]];
      if (inLeft && inRight && !isQuiet && !isSame) {
        [leftParts, leftMarks] = divided(inLeft.raw, inI || []);
        [rightParts, rightMarks] = divided(inRight.raw, inJ || []);
      }
      row.append(...side("left", left, i, leftParts, leftMarks), ...side("right", right, j, rightParts, rightMarks));
      code.append(row);
    }
    const notes = [];
    if (left.is_normalized || right.is_normalized) {
      notes.push("If the exact code is not available, the normalized code is shown, with its own line numbers.");
    }
    for (const [member, source] of [[left, leftCode], [right, rightCode]]) {
      if (source.cut_lines > 0) notes.push(`${plural(source.cut_lines, "line", "lines")} of ${member.name} left out.`);
      if (source.cut_columns) notes.push(`Long lines of ${member.name} are cut.`);
    }
    return element("div", "", ...notes.map((note) => element("p", "quiet", note)), code);
  }

  const place = (member) => `${member.path}:${member.lines[0]}`;

  function body(group, leftAt, rightAt, onPick) {
    const made = element("div", "body");
    const facts = [`group ${group.group_id}`, plural(group.pair_count, "pair", "pairs"),
      `${number(group.md5_overlap_pairs)} of them equal by MD5`,
      group.covered_by && `covered by group ${group.covered_by}`,
      group.before !== null && `${plural(group.before, "copy", "copies")} before`];
    made.append(element("p", "facts quiet", ...facts.filter(Boolean).map((fact) => element("span", "", fact))));
    const shownMembers = group.members.slice(0, 200);
    made.append(table([["Copy", "number"], ["Place"], ["Name"], ["Kind"], ["Best", "number"], ["Average", "number"], ["MD5", "number"],
      ["Record", "number"]],
    shownMembers.map((member, at) => [String(at + 1), `${member.path}:${member.is_estimated ? "~" : ""}${member.lines[0]}-${member.lines[1]}`,
      member.name, member.kind + (member.is_test ? ", test" : "") + (member.is_generated ? ", generated" : "") + (member.is_added ? ", added" : ""), similarity(member.best_ratio), similarity(member.avg_ratio),
      number(member.md5_overlap), String(member.record_id)])));
    const unlisted = group.unlisted_count + group.members.length - shownMembers.length;
    if (unlisted > 0) made.append(element("p", "note", `${plural(unlisted, "copy is", "copies are")} not listed.`));
    if (group.members.length < 2) return made;
    const picker = (text, at, onChange) => {
      const select = element("select", "", ...group.members.map((member, index) =>
        element("option", "", `${index + 1}. ${place(member)} ${member.name}`)));
      select.selectedIndex = at;
      select.addEventListener("change", () => onChange(select.selectedIndex));
      return element("label", "", text, select);
    };
    const view = element("div", "");
    const draw = () => {
      const [left, right] = [group.members[leftAt], group.members[rightAt]];
      const intent = (member) => element("p", "", element("span", "quiet", "Intent: "), member.intent || "none");
      const intents = left.intent || right.intent ? element("div", "intents", intent(left), intent(right)) : "";
      view.replaceChildren(intents, compare(group, leftAt, rightAt));
    };
    made.append(picker("Left ", leftAt, (at) => { leftAt = at; draw(); }),
      picker("Right ", rightAt, (at) => { rightAt = at; onPick(at); draw(); }), view);
    draw();
    return made;
  }

  // ---- The list -------------------------------------------------------------------------------------------------

  const input = element("input");
  const count = element("p", "quiet");
  const list = element("ol", "groups");
  const more = element("button", "more");
  const open = new Map();
  let channels = new Set();
  let found = [];
  let drawnCount = 0;

  function remember() {
    const parameters = new URLSearchParams();
    if (input.value) parameters.set("filter", input.value);
    if (channels.size > 0) parameters.set("channel", [...channels].join(","));
    const last = [...open.keys()].pop();
    if (last !== undefined) {
      parameters.set("open", groups[last].group_id);
      if (open.get(last) !== 1) parameters.set("copy", String(open.get(last) + 1));
    }
    const text = parameters.toString();
    try {
      history.replaceState(null, "", text ? `#${text}` : "#");
    } catch {
      // Some browsers allow this only a number of times; the link is then older than the page.
    }
  }

  function item(at) {
    const group = groups[at];
    const first = group.members[0];
    const badge = (text, className) => text && element("span", `badge ${className}`, text);
    const head = element("button", "head",
      element("span", "rank", `${at + 1}`), badge(group.channel, ""), badge(group.state, group.state || ""),
      badge(group.is_test ? "test" : null, "plain"),
      badge(group.is_generated ? "generated" : null, "plain"), badge(group.confidence === "high" ? null : `${group.confidence} confidence`, "plain"),
      element("span", "name", first.name), element("span", "where", place(first)),
      element("span", "worth", `${number(group.members.length + group.unlisted_count)} copies · ` +
        `${plural(group.repeated_lines, "line", "lines")}, ${number(group.common_lines)} the same · ${number(group.saved_lines)} to save`));
    head.type = "button";
    const made = element("li", "", head);
    made.id = `group-${group.group_id}`;
    const show = () => {
      const isOpen = open.has(at);
      head.setAttribute("aria-expanded", String(isOpen));
      if (isOpen && made.children.length === 1) {
        made.append(body(group, 0, Math.min(open.get(at), group.members.length - 1), (copy) => { open.set(at, copy); remember(); }));
      } else if (!isOpen && made.children.length > 1) {
        made.lastChild.remove();
      }
    };
    head.addEventListener("click", () => {
      if (open.has(at)) open.delete(at); else open.set(at, 1);
      show();
      remember();
    });
    show();
    return made;
  }

  function drawMore() {
    const next = found.slice(drawnCount, drawnCount + PAGE);
    drawnCount += next.length;
    list.append(...next.map(item));
    more.hidden = drawnCount >= found.length;
    more.textContent = `Show more (${number(found.length - drawnCount)} left)`;
  }

  function apply() {
    const words = input.value.toLowerCase().split(/\s+/u).filter(Boolean);
    found = [];
    for (let at = 0; at < groups.length; at += 1) {
      if ((channels.size === 0 || channels.has(groups[at].channel)) && matches(at, words)) found.push(at);
    }
    count.textContent = found.length === groups.length ? plural(groups.length, "group", "groups")
      : `${number(found.length)} of ${plural(groups.length, "group", "groups")}`;
    drawnCount = 0;
    list.replaceChildren();
    drawMore();
  }

  function restore() {
    const parameters = new URLSearchParams(location.hash.slice(1));
    input.value = parameters.get("filter") || "";
    channels = new Set((parameters.get("channel") || "").split(",").filter(Boolean));
    open.clear();
    const wanted = parameters.get("open");
    const at = wanted ? groups.findIndex((group) => group.group_id === wanted) : -1;
    if (at >= 0) open.set(at, Math.max(0, Number.parseInt(parameters.get("copy") || "2", 10) - 1) || 0);
    for (const chip of document.querySelectorAll("button[data-channel]")) {
      chip.setAttribute("aria-pressed", String(channels.has(chip.dataset.channel)));
    }
    apply();
    if (at < 0) return;
    while (found.indexOf(at) >= drawnCount && drawnCount < found.length) drawMore();
    const target = document.getElementById(`group-${wanted}`);
    if (target) target.scrollIntoView();
  }

  function tools() {
    input.type = "search";
    input.id = "filter";
    input.placeholder = "Filter: words, or path:… name:… group:… channel:… state:… intent:…";
    input.setAttribute("aria-label", "Filter groups by path, name, group, channel, state or intent");
    let waiting = 0;
    input.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => { apply(); remember(); }, 80);
    });
    const chips = report.channels.filter((channel) => groups.some((group) => group.channel === channel.channel)).map((channel) => {
      const chip = element("button", "", channel.channel);
      chip.type = "button";
      chip.dataset.channel = channel.channel;
      chip.addEventListener("click", () => {
        if (!channels.delete(channel.channel)) channels.add(channel.channel);
        chip.setAttribute("aria-pressed", String(channels.has(channel.channel)));
        apply();
        remember();
      });
      return chip;
    });
    count.id = "count";
    count.setAttribute("aria-live", "polite");
    return element("div", "tools", input, element("div", "chips", ...chips, count));
  }

  addEventListener("keydown", (event) => {
    const isTyping = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName);
    if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      input.focus();
    } else if (event.key === "Escape" && document.activeElement === input && input.value) {
      input.value = "";
      apply();
      remember();
    }
  });
  addEventListener("hashchange", restore);

  more.type = "button";
  more.addEventListener("click", drawMore);
  if (typeof IntersectionObserver === "function") {
    new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting) && !more.hidden) drawMore();
    }, { rootMargin: "600px" }).observe(more);
  }

  const main = element("main", "", trend(), element("section", "", element("h2", "", "Groups"), tools(), list, more));
  if (groups.length === 0) list.before(element("p", "note", "No duplicates are shown."));
  document.body.prepend(header(), main);
  restore();
  root.dataset.ready = String(Math.round(performance.now()));
  root.dataset.requests = String(performance.getEntriesByType("resource").length);
})();
