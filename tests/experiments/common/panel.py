# SPDX-License-Identifier: MIT
"""Panels of an SVG, with axes; no library."""

import math
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 330, 170  # of a panel's area
LEFT, TOP, BETWEEN, BELOW = 60, 70, 62, 62


class Panel:
    def __init__(self, svg, column, row, x_max, y_max, title):
        self.svg, self.x_max, self.y_max = svg, x_max, y_max
        self.legend_from = 0  # share of the width
        self.x0, self.y0 = LEFT + column * (WIDTH + BETWEEN), TOP + row * (HEIGHT + BELOW)
        self.text(self.x0, self.y0 - 8, title, "start", 13)

    def x(self, value):
        return self.x0 + WIDTH * min(value / self.x_max, 1)

    def y(self, value):
        return self.y0 + HEIGHT * (1 - min(value / self.y_max, 1))

    def text(self, x, y, words, anchor="middle", size=11):
        self.svg.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}">{escape(words)}</text>')

    def line(self, x1, y1, x2, y2, colour="#888", dashes=""):
        style = f' stroke-dasharray="{dashes}"' if dashes else ""
        self.svg.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"{style}/>')

    def axes(self, x_ticks, y_step, x_label):
        """Y in per cent."""
        for value in range(0, int(self.y_max + 1e-9) + 1, y_step):
            self.line(self.x0, self.y(value), self.x0 + WIDTH, self.y(value), "#e4e4e4")
            self.text(self.x0 - 6, self.y(value) + 4, f"{value} %", "end")
        for value, label in x_ticks:
            self.text(self.x(value), self.y0 + HEIGHT + 15, label)
        self.text(self.x0 + WIDTH / 2, self.y0 + HEIGHT + 31, x_label)
        self.line(self.x0, self.y0 + HEIGHT, self.x0 + WIDTH, self.y0 + HEIGHT)
        self.line(self.x0, self.y0, self.x0, self.y0 + HEIGHT)

    def curve(self, points, colour, dashes=""):
        path = " ".join(f"{self.x(x):.1f},{self.y(y):.1f}" for x, y in points)
        style = f' stroke-dasharray="{dashes}"' if dashes else ""
        self.svg.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{style}/>')

    def legend(self, i, words, colour, dashes=""):
        x, y = self.x0 + WIDTH * self.legend_from, self.y0 + 12 + 15 * i
        self.line(x + 10, y, x + 30, y, colour, dashes)
        self.text(x + 36, y + 4, words, "start")


class LogPanel(Panel):
    """X from X_MIN on by powers of ten; what is below lies at the left edge."""

    def __init__(self, svg, column, row, x_min, x_max, y_max, title):
        super().__init__(svg, column, row, x_max, y_max, title)
        self.x_min = x_min

    def x(self, value):
        share = math.log(max(value, self.x_min) / self.x_min) / math.log(self.x_max / self.x_min)
        return self.x0 + WIDTH * min(share, 1)


def document(rows, columns, heading, svg):
    width, height = LEFT + columns * (WIDTH + BETWEEN), TOP + rows * (HEIGHT + BELOW)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
            f'font-family="sans-serif" fill="#222">\n<!-- SPDX-License-Identifier: MIT -->\n'
            f'<rect width="100%" height="100%" fill="white"/>\n'
            f'<text x="{LEFT}" y="28" font-size="17">{escape(heading)}</text>\n' + "\n".join(svg) + "\n</svg>\n")
