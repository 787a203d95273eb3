#!/usr/bin/env python3
"""Tests of bench/publication/chart.py."""

import re
import unittest
import xml.etree.ElementTree

import sample_results  # puts bench/ on the path
from publication import chart

SVG = "{http://www.w3.org/2000/svg}"


def drawn(svg, tag, kind=None):
    """The elements of a tag; with `kind`, those of that class."""
    return [element for element in xml.etree.ElementTree.fromstring(svg).iter(SVG + tag)
            if kind is None or element.get("class") == kind]


def bars(*rows, **more):
    return chart.bars("title", "about", [chart.Panel("panel", "µs", list(rows), **more)])


class ChartTest(unittest.TestCase):
    def test_bars_are_as_long_as_their_values(self):
        svg = bars(chart.Bar("a", 50), chart.Bar("b", 100), chart.Bar("c", 25))
        lengths = [float(rect.get("width")) for rect in drawn(svg, "rect", "peer")]
        self.assertAlmostEqual(lengths[1] / lengths[0], 2, places=2)
        self.assertAlmostEqual(lengths[0] / lengths[2], 2, places=2)

    def test_whiskers_reach_from_the_least_to_the_most(self):
        svg = bars(chart.Bar("a", 50, 25, 100))
        bar, = drawn(svg, "rect", "peer")
        low, high = map(float, re.match(r"M([\d.]+) \S+?H([\d.]+)", drawn(svg, "path", "spread")[0].get("d")).groups())
        start, length = float(bar.get("x")), float(bar.get("width"))
        self.assertAlmostEqual(low, start + length / 2, places=0)
        self.assertAlmostEqual(high, start + length * 2, places=0)

    def test_bar_of_one_value_has_no_whiskers(self):
        self.assertEqual(drawn(bars(chart.Bar("a", 50)), "path", "spread"), [])

    def test_nothing_leaves_the_paper(self):
        rows = [chart.Bar("a label that is quite long " + str(index), 10 ** index, 0, 2 * 10 ** index) for index in range(6)]
        svg = chart.bars("t", "a", [chart.Panel("p", "µs", rows)] * 3)
        for rect in drawn(svg, "rect", "peer"):
            self.assertLessEqual(float(rect.get("x")) + float(rect.get("width")), chart.WIDTH)
        for text in drawn(svg, "text"):
            width = len(text.text or "") * chart.CHARACTER
            x, anchor = float(text.get("x")), text.get("text-anchor", "start")
            left, right = {"start": (x, x + width), "end": (x - width, x), "middle": (x - width / 2, x + width / 2)}[anchor]
            self.assertGreaterEqual(left, 0, text.text)
            self.assertLessEqual(right, chart.WIDTH, text.text)

    def test_labels_of_rows_do_not_overlap(self):
        svg = bars(*[chart.Bar(f"row {index}", index + 1) for index in range(5)])
        heights = sorted(float(text.get("y")) for text in drawn(svg, "text") if (text.text or "").startswith("row"))
        self.assertTrue(all(below - above >= 12 for above, below in zip(heights, heights[1:])), heights)

    def test_reference_lies_where_a_bar_of_its_value_ends(self):
        svg = bars(chart.Bar("a", 1), chart.Bar("b", 2), reference=1)
        bar = drawn(svg, "rect", "peer")[0]
        place = float(re.match(r"M([\d.]+)", drawn(svg, "path", "reference")[0].get("d"))[1])
        self.assertAlmostEqual(place, float(bar.get("x")) + float(bar.get("width")), places=0)

    def test_equal_factors_are_equal_distances_on_the_logarithmic_axis(self):
        svg = chart.points("t", "a", [chart.Panel("p", "ms", [chart.Point("a", 0.2, 2, 20), chart.Point("b", 2, 20, 200)])])
        dots = [float(circle.get("cx")) for circle in drawn(svg, "circle", "peer")]
        rings = [float(circle.get("cx")) for circle in drawn(svg, "circle", "peer hollow")]
        self.assertAlmostEqual(rings[0] - dots[0], rings[1] - dots[1], places=0)
        self.assertAlmostEqual(rings[0], dots[1], places=0)

    def test_dots_lie_between_their_whiskers_and_on_the_reference_at_its_value(self):
        svg = chart.dots("t", "a", [chart.Panel("p", "x", [chart.Bar("a", 1, 0.1, 10), chart.Bar("b", 50, 20, 300)], reference=1)])
        dot = float(drawn(svg, "circle", "peer")[0].get("cx"))
        low, high = map(float, re.match(r"M([\d.]+) \S+?H([\d.]+)", drawn(svg, "path", "spread")[0].get("d")).groups())
        self.assertAlmostEqual(dot, (low + high) / 2, places=0)
        self.assertAlmostEqual(dot, float(re.match(r"M([\d.]+)", drawn(svg, "path", "reference")[0].get("d"))[1]), places=0)

    def test_ratios_that_are_far_apart_are_dots(self):
        near, far = [chart.Bar("a", 1), chart.Bar("b", 9)], [chart.Bar("a", 1), chart.Bar("b", 11)]
        svg = chart.ratios("t", "a", [chart.Panel("p", "x", rows, reference=1) for rows in (near, far)])
        self.assertEqual((len(drawn(svg, "rect", "peer")), len(drawn(svg, "circle", "peer"))), (2, 2))
        self.assertIn("x; logarithmic", [text.text for text in drawn(svg, "text")])

    def test_words_are_escaped(self):
        svg = chart.bars("<&>", "a < b", [chart.Panel("a & b", "<µs>", [chart.Bar("<label>", 1)])])
        self.assertIn("<label>", [text.text for text in drawn(svg, "text")])

    def test_every_colour_has_one_for_dark_pages(self):
        light, dark = chart.STYLE.split("@media (prefers-color-scheme: dark)")
        coloured = {match[1].strip() for match in re.finditer(r"^\s*([^{@]+)\{[^}]*#", light, re.MULTILINE)}
        self.assertGreater(len(coloured), 5)
        for selector in coloured:
            self.assertRegex(dark, rf"(?m)(^|, |\s){re.escape(selector)}\b", f"{selector} has no colour of its own on dark pages")

    def test_ticks_are_round_and_do_not_pass_the_most(self):
        self.assertEqual(chart.steps(100), [0, 25, 50, 75, 100])
        self.assertEqual(chart.steps(1), [0, 0.25, 0.5, 0.75, 1])
        for most in (0.037, 1.01, 9.9, 153, 230_760):
            ticks = chart.steps(most)
            self.assertTrue(3 <= len(ticks) <= 6 and ticks[-1] <= most * 1.001, (most, ticks))


if __name__ == "__main__":
    unittest.main()
