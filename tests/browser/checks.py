"""What holds for every page: WCAG 2.2 AA as far as a program can tell, and nothing cut or on top of another."""

from typing import Any, Literal

from axe_core_python.sync_playwright import Axe

from tests.browser.visits import Visit

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
# What does not fit its box, and controls that cover each other; what scrolls by itself may be longer than its box.
MISFITS = """() => {
  const found = [];
  const page = document.documentElement;
  if (page.scrollWidth > page.clientWidth) found.push(`the page is ${page.scrollWidth} wide`);
  const hidden = (one) => one && (getComputedStyle(one).clipPath !== "none" || hidden(one.parentElement));
  const shown = [...document.body.querySelectorAll("*")].filter(
    (one) => one.checkVisibility() && !one.closest("svg") && !hidden(one) && one.getClientRects().length);
  const name = (one) => `${one.tagName} ${one.id || one.className} "${(one.textContent || "").trim().slice(0, 40)}"`;
  const scrolls = (one) => ["auto", "scroll"].includes(getComputedStyle(one).overflowX);
  for (const one of shown) {
    const style = getComputedStyle(one);
    if (style.display !== "inline" && one.scrollWidth > one.clientWidth + 1 && !scrolls(one) && one.tagName !== "INPUT")
      found.push(`cut: ${name(one)}`);
    const free = one.closest("pre, .detail");
    if (one.getBoundingClientRect().right > page.clientWidth + 1 && !free) found.push(`outside: ${name(one)}`);
    if (one.tagName === "SELECT") {
      const pen = document.createElement("canvas").getContext("2d");
      pen.font = style.font;
      const text = one.selectedOptions[0]?.textContent ?? "";
      if (pen.measureText(text).width + 34 > one.clientWidth) found.push(`cut: ${text} in ${name(one).slice(0, 30)}`);
    }
  }
  const controls = shown.filter((one) => one.matches("a, button, input, select, textarea, summary"));
  const boxes = controls.map((one) => [one, one.getBoundingClientRect()]);
  boxes.forEach(([one, a], at) => boxes.slice(at + 1).forEach(([other, b]) => {
    const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    if (across > 1 && down > 1 && !one.contains(other) && !other.contains(one))
      found.push(`on top of each other: ${name(one)} and ${name(other)}`);
  }));
  return found;
}"""
SMALL = """() => [...document.querySelectorAll("button, select, input:not([type=hidden]), summary, nav a, .button")]
  .filter((one) => one.checkVisibility())
  .map((one) => [one.tagName + " " + (one.id || one.textContent.trim()), one.getBoundingClientRect()])
  .filter(([, box]) => box.width < 24 || box.height < 24)
  .map(([name, box]) => `${name}: ${box.width} x ${box.height}`)"""


def violations(visit: Visit, scheme: Literal["light", "dark"]) -> list[tuple[str, list[str]]]:
    """What axe-core finds, with the beginning of each element."""
    visit.page.emulate_media(color_scheme=scheme)
    found: dict[str, Any] = Axe().run(visit.page, options=RULES)
    return [(one["id"], [node["html"][:150] for node in one["nodes"]]) for one in found["violations"]]
