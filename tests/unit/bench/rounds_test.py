#!/usr/bin/env python3
"""Tests of bench/comparison/rounds.py and report.py."""

import unittest

import sample_results  # puts bench/ on the path
from comparison.report import number, spread, table
from comparison.rounds import Rounds


def rounds(*found):
    """Each round from names to the one figure of the one load."""
    return Rounds([{name: {"load": {"cpu": value}} for name, value in one.items()} for one in found])


class RoundsTest(unittest.TestCase):
    def test_ratios_are_taken_within_a_round(self):
        found = rounds({"a": 1, "b": 2}, {"a": 10, "b": 40})
        self.assertEqual(found.ratios("a", "load", "cpu", ["b"]), [0.5, 0.25])

    def test_best_of_the_others_is_chosen_round_by_round(self):
        found = rounds({"a": 8, "b": 2, "c": 4}, {"a": 8, "b": 4, "c": 2})
        self.assertEqual(found.ratios("a", "load", "cpu", ["b", "c"]), [4, 4])
        self.assertEqual(found.ratios("a", "load", "cpu", ["b", "c"], max), [2, 2])

    def test_round_in_which_a_run_failed_is_left_out(self):
        found = rounds({"a": 1, "b": 2}, {"a": 1}, {"b": 2}, {"a": 1, "b": 4})
        self.assertEqual(found.ratios("a", "load", "cpu", ["b"]), [0.5, 0.25])
        self.assertEqual(found.values("a", "load", "cpu"), [1, 1, 1])

    def test_nothing_is_a_ratio_to_zero(self):
        self.assertEqual(rounds({"a": 1, "b": 0}).ratios("a", "load", "cpu", ["b"]), [])

    def test_peers_with_rounds_of_their_own_are_brought_together(self):
        found = Rounds.of_peers({"a": {"rounds": [{"load": {"cpu": 1}}, {"load": {"cpu": 3}}]},
                                 "b": {"rounds": [{"load": {"cpu": 2}}]}})
        self.assertEqual((len(found), found.names()), (2, ["a", "b"]))
        self.assertEqual(found.ratios("a", "load", "cpu", ["b"]), [0.5])


class NumberTest(unittest.TestCase):
    def test_small_figures_keep_their_digits(self):
        self.assertEqual([number(value) for value in (None, 0, 0.0001, 0.034, 0.5, 12.34, 1234.5)],
                         ["–", "0", "<0.001", "0.034", "0.50", "12.3", "1,234"])

    def test_spread_is_median_least_and_most(self):
        self.assertEqual(spread([3, 1, 2]), "2.00 (1.00–3.00)")
        self.assertEqual((spread([]), spread([0, 0]), spread([5])), ("–", "–", "5.00"))

    def test_columns_of_a_table_line_up(self):
        lines = table(["a", "long one"], [("x", ["1", "2"]), ("longer", ["333", "4"])], "what").split("\n")
        self.assertEqual({len(line) for line in lines}, {len(lines[0])})


if __name__ == "__main__":
    unittest.main()
