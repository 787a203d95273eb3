"""Charts as SVG that can be read on a light and on a dark page: bars from zero, dots and points on a logarithmic axis."""

import math
from html import escape

from comparison.report import number

WIDTH, MARGIN, GAP = 860, 16, 28
HEAD, PANEL_HEAD, ROW, PANEL_FOOT, FOOT = 52, 26, 22, 42, 8
BAR = 13
FAR_APART = 10  # times the least: bars from zero show no longer what the small ones are
VALUE, TWO_VALUES = 54, 96  # kept free to the right of the longest, for its figures
CHARACTER = 7.2  # a generous width: which font the reader has is not known
STYLE = """
  text { font: 12px ui-sans-serif, system-ui, sans-serif; fill: #1f2328 }
  .title { font-size: 14px; font-weight: 600 }
  .panel { font-weight: 600 }
  .muted { fill: #57606a; font-size: 11px }
  .figure { stroke: #ffffff; stroke-width: 3px; paint-order: stroke }
  .paper { fill: #ffffff }
  .grid { stroke: #d8dee4; stroke-width: 1 }
  .reference { stroke: #bf5700; stroke-width: 1.5; stroke-dasharray: 4 3 }
  .spread { stroke: #1f2328; stroke-width: 1.2; fill: none }
  .peer { fill: #afb8c1; stroke: #afb8c1 }
  .own { fill: #54aeff; stroke: #54aeff }
  .plain { fill: #0550ae; stroke: #0550ae }
  .again { fill: #ddf4ff; stroke: #218bff }
  .floor { fill: #ffffff; stroke: #8c959f; stroke-dasharray: 3 2 }
  text.own { fill: #0550ae; stroke: none; font-weight: 600 }
  .hollow { fill: #ffffff; stroke-width: 2 }
  .mark { stroke-width: 2 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .muted { fill: #9aa4af }
    .figure { stroke: #0d1117 }
    .paper, .floor, .hollow { fill: #0d1117 }
    .grid { stroke: #30363d }
    .reference { stroke: #f0883e }
    .spread { stroke: #e6edf3 }
    .peer { fill: #5b6470; stroke: #5b6470 }
    .own { fill: #4493f8; stroke: #4493f8 }
    .plain { fill: #1158c7; stroke: #1158c7 }
    .again { fill: #0c2d6b; stroke: #4493f8 }
    .hollow { fill: #0d1117 }
    text.own { fill: #79c0ff; stroke: none }
  }
"""


class Bar:
    """`low` and `high`: the least and the most of the rounds."""

    def __init__(self, label, value, low=None, high=None, kind="peer"):
        self.label = label
        self.value = value
        self.low = value if low is None else low
        self.high = value if high is None else high
        self.kind = kind


class Point:
    """A dot, a ring and a stroke: greater and greater, all above zero."""

    def __init__(self, label, dot, ring, stroke, kind="peer"):
        self.label = label
        self.dot = dot
        self.ring = ring
        self.stroke = stroke
        self.kind = kind


class Panel:
    """Rows on one axis. `reference`: a value at which a line is drawn."""

    def __init__(self, title, axis, rows, reference=None):
        self.title = title
        self.axis = axis
        self.rows = rows
        self.reference = reference

    def height(self):
        return PANEL_HEAD + ROW * len(self.rows) + PANEL_FOOT

    def label_width(self):
        return max(len(row.label) for row in self.rows) * CHARACTER + 10


def bars(title, about, panels, columns=2):
    """Horizontal bars from zero, each panel on a scale of its own."""
    if len(panels) > 1:
        about += " Each panel has its own scale."
    return drawing(title, about, panels, columns, VALUE, draw_bars)


def ratios(title, about, panels):
    """Bars, but dots on a logarithmic axis in panels whose rows are far apart. All above zero, each panel with a reference."""
    def draw(panel, *where):
        least, most = min(row.value for row in panel.rows), max(row.value for row in panel.rows)
        if most <= FAR_APART * least:
            return draw_bars(panel, *where)
        decades = Decades(min(row.low for row in panel.rows), max(row.high for row in panel.rows))
        return draw_dots(Panel(panel.title, panel.axis + "; logarithmic", panel.rows, panel.reference), decades, *where)

    return drawing(title, about, panels, 2, VALUE, draw)


def points(title, about, panels):
    """Points on a logarithmic axis, the same for all panels."""
    rows = [row for panel in panels for row in panel.rows]
    decades = Decades(min(row.dot for row in rows), max(row.stroke for row in rows))
    return drawing(title, about, panels, 1, TWO_VALUES, lambda panel, *where: draw_points(panel, decades, *where))


def dots(title, about, panels):
    """What bars show on a logarithmic axis, where no bar can begin at zero: for ratios that are far apart. All above zero."""
    rows = [row for panel in panels for row in panel.rows]
    decades = Decades(min(row.low for row in rows), max(row.high for row in rows))
    return drawing(title, about, panels, 1, VALUE, lambda panel, *where: draw_dots(panel, decades, *where))


class Decades:
    """A logarithmic axis between powers of ten."""

    def __init__(self, least, most):
        self._first = math.floor(math.log10(least))
        self._last = max(self._first + 1, math.ceil(math.log10(most)))

    def place(self, value, x, width):
        return x + (math.log10(value) - self._first) * width / (self._last - self._first)

    def marks(self, x, width):
        factors = (1, 2, 5) if self._last - self._first <= 4 else (1,)
        return [(self.place(10 ** decade * factor, x, width), f"{10 ** decade:,g}" if factor == 1 else "")
                for decade in range(self._first, self._last + 1) for factor in factors if decade < self._last or factor == 1]


def drawing(title, about, panels, columns, value, draw):
    columns = min(columns, len(panels))
    width = (WIDTH - 2 * MARGIN - GAP * (columns - 1)) / columns
    label = max(panel.label_width() for panel in panels)
    body = []
    y = HEAD
    for first in range(0, len(panels), columns):
        line = panels[first:first + columns]
        for index, panel in enumerate(line):
            x = MARGIN + index * (width + GAP)
            body.append(f'<text class="panel" x="{x:.1f}" y="{y + 14}">{escape(panel.title)}</text>')
            body += draw(panel, x + label, y + PANEL_HEAD, width - label - value)
        y += max(panel.height() for panel in line)
    height = y + FOOT
    head = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" role="img"'
            ' aria-labelledby="title about">',
            f'<title id="title">{escape(title)}</title>', f'<desc id="about">{escape(about)}</desc>', f"<style>{STYLE}</style>",
            f'<rect class="paper" width="{WIDTH}" height="{height}" rx="6"/>',
            f'<text class="title" x="{MARGIN}" y="24">{escape(title)}</text>',
            f'<text class="muted" x="{MARGIN}" y="42">{escape(about)}</text>']
    return "\n".join(head + body + ["</svg>", ""])


def steps(most, wanted=4):
    """Round numbers from zero up to `most`, about so many."""
    rough = most / wanted
    size = 10 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= rough * 0.999)
    return [step * index for index in range(int(most / step * 1.0001) + 1)]


def draw_grid(marks, panel, x, top, width):
    """`marks`: (place, text), the text empty for a line between."""
    bottom = top + ROW * len(panel.rows)
    for place, text in marks:
        yield f'<path class="grid" d="M{place:.1f} {top}V{bottom}"/>'
        if text:
            yield f'<text class="muted" x="{place:.1f}" y="{bottom + 14}" text-anchor="middle">{text}</text>'
    yield f'<text class="muted" x="{x + width / 2:.1f}" y="{bottom + 30}" text-anchor="middle">{escape(panel.axis)}</text>'


def draw_label(row, x, y):
    own = ' class="own"' if row.kind == "own" else ""
    return f'<text{own} x="{x - 8:.1f}" y="{y + 4:g}" text-anchor="end">{escape(row.label)}</text>'


def draw_spread(low, high, y):
    return f'<path class="spread" d="M{low:.1f} {y:g}H{high:.1f}M{low:.1f} {y - 3:g}v6M{high:.1f} {y - 3:g}v6"/>'


def draw_figure(x, y, text):
    return f'<text class="figure" x="{x:.1f}" y="{y + 4:g}">{escape(text)}</text>'


def draw_reference(panel, x, top):
    return f'<path class="reference" d="M{x:.1f} {top - 2}v{ROW * len(panel.rows) + 4}"/>'


def draw_bars(panel, x, top, width):
    most = max([row.high for row in panel.rows] + [panel.reference or 0]) or 1
    scale = width / most
    yield from draw_grid([(x + tick * scale, f"{tick:,g}") for tick in steps(most)], panel, x, top, width)
    figures = []
    for index, row in enumerate(panel.rows):
        y = top + ROW * index + ROW / 2
        low, high = x + row.low * scale, x + row.high * scale
        yield draw_label(row, x, y)
        yield (f'<rect class="{row.kind}" x="{x:.1f}" y="{y - BAR / 2:.1f}" width="{max(1, row.value * scale):.1f}"'
               f' height="{BAR}" rx="2"/>')
        if high > low:
            yield draw_spread(low, high, y)
        figures.append(draw_figure(high + 7, y, number(row.value)))
    if panel.reference is not None:
        yield draw_reference(panel, x + panel.reference * scale, top)
    yield from figures


def draw_dots(panel, decades, x, top, width):
    yield from draw_grid(decades.marks(x, width), panel, x, top, width)
    yield draw_reference(panel, decades.place(panel.reference, x, width), top)
    for index, row in enumerate(panel.rows):
        y = top + ROW * index + ROW / 2
        low, dot, high = (decades.place(value, x, width) for value in (row.low, row.value, row.high))
        yield draw_label(row, x, y)
        yield draw_spread(low, high, y)
        yield f'<circle class="{row.kind}" cx="{dot:.1f}" cy="{y:g}" r="5"/>'
        yield draw_figure(high + 7, y, number(row.value))


def draw_points(panel, decades, x, top, width):
    yield from draw_grid(decades.marks(x, width), panel, x, top, width)
    for index, row in enumerate(panel.rows):
        y = top + ROW * index + ROW / 2
        dot, ring, stroke = (decades.place(value, x, width) for value in (row.dot, row.ring, row.stroke))
        yield draw_label(row, x, y)
        yield f'<path class="{row.kind} mark" d="M{dot:.1f} {y:g}H{stroke:.1f}M{stroke:.1f} {y - 6:g}v12"/>'
        yield f'<circle class="{row.kind} hollow" cx="{ring:.1f}" cy="{y:g}" r="5"/>'
        yield f'<circle class="{row.kind}" cx="{dot:.1f}" cy="{y:g}" r="5"/>'
        yield draw_figure(stroke + 9, y, f"{number(row.dot)} / {number(row.ring)}")
