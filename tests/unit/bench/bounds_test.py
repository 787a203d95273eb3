#!/usr/bin/env python3
"""Tests of bench/publication/bounds.py and better.py."""

import unittest

import sample_results
from publication import better, bounds
from sample_results import Given


def verdict(*arguments, **more):
    return bounds.Bound("what", *arguments, **more).row().split("|")[-2].strip()


class BoundTest(unittest.TestCase):
    def test_median_counts(self):
        self.assertEqual(verdict(1.2, [1.0, 1.1, 9.0]), "holds")
        self.assertEqual(verdict(1.2, [1.0, 1.3, 1.4]), "**falls short**")

    def test_what_a_program_differs_from_itself_by_is_said(self):
        noise = [0.9, 0.95, 1, 1.1, 5]
        self.assertEqual(verdict(1.2, [1.3], noise=noise), "within the A/A spread")
        self.assertEqual(verdict(1.2, [1.4], noise=noise), "**falls short**")

    def test_one_wild_round_of_a_program_with_itself_excuses_nothing(self):
        self.assertEqual(verdict(1.2, [1.3], noise=[1, 1, 1, 1, 9]), "**falls short**")
        self.assertEqual(verdict(0.95, [0.9], noise=[0.1, 1, 1, 1, 1], at_least=True), "**falls short**")

    def test_one_ratio_of_a_program_with_itself_is_no_spread(self):
        self.assertEqual(verdict(1.2, [1.3], noise=[1.5]), "**falls short**")

    def test_noise_never_tightens_a_bound(self):
        self.assertEqual(verdict(1.2, [1.15], noise=[0.8, 0.9]), "holds")
        self.assertEqual(verdict(1.2, [1.3], noise=[0.8, 0.9]), "**falls short**")

    def test_bound_of_most_rounds_knows_the_noise_of_its_median(self):
        noise = [0.9, 0.95, 1, 1.1, 1.2]
        self.assertEqual(verdict(1, [0.9, 1.2], noise=noise, holds=False), "within the A/A spread")
        self.assertEqual(verdict(1, [0.8, 1.1], noise=noise, holds=False), "within the A/A spread")
        self.assertEqual(verdict(1, [1.1, 1.2], noise=noise, holds=False), "**falls short**")
        self.assertEqual(verdict(1, [1.1, 1.2], noise=noise, holds=True), "holds")

    def test_bound_from_below(self):
        noise = [0.5, 0.9, 1, 1.05, 1.1]
        self.assertEqual(verdict(0.95, [0.96], at_least=True), "holds")
        self.assertEqual(verdict(0.95, [0.9], noise=noise, at_least=True), "within the A/A spread")
        self.assertEqual(verdict(0.95, [0.8], noise=noise, at_least=True), "**falls short**")

    def rows(self, **found):
        text = bounds.bounds(Given(**found))
        return {row.split("|")[1].strip(): row.split("|")[-2].strip() for row in text.split("\n")[4:]}

    def test_verdicts_are_counted(self):
        found = sample_results.loops()
        says = "Bounds that hold: {} of 1; missed within the A/A spread: 0; short of it: {}."
        self.assertEqual(bounds.bounds(Given(loops=found)).split("\n")[0], says.format(1, 0))
        found["rounds"][0]["2 loops"]["unary32_c10m10"]["cpu_us"] = 6
        self.assertEqual(bounds.bounds(Given(loops=found)).split("\n")[0], says.format(0, 1))

    def test_without_results_there_are_none(self):
        self.assertIsNone(bounds.bounds(Given()))

    def test_dear_server_falls_short_of_the_floor(self):
        rows = self.rows(compare=sample_results.compare(sample_results.PEERS | {"nghttp2-floor": 0.5}))
        self.assertEqual(rows["32 bytes, 10 × 10: server CPU to the floor's"], "**falls short**")
        self.assertEqual(rows["32 bytes, 10 × 10: server CPU to gRPC C++'s better form"], "holds")

    def test_peer_that_was_not_measured_has_no_bound(self):
        rows = self.rows(compare=sample_results.compare({"weft": 1.0, "nghttp2-floor": 0.9}))
        self.assertIn("32 bytes, 10 × 10: server CPU to the floor's", rows)
        self.assertFalse([what for what in rows if "tonic" in what or "peer" in what])

    def test_stalled_bulk_falls_short(self):
        found = sample_results.priority()
        for runs in found["rounds"]:
            runs["weft / weft"]["download"]["bulk_mb_s"] = 100
        rows = self.rows(priority=found)
        self.assertEqual(rows["beside bulk downloads, Weft at both ends: bulk throughput to the best peer's"], "**falls short**")
        self.assertEqual(rows["beside bulk uploads, Weft at both ends: bulk throughput to the best peer's"], "holds")
        self.assertEqual(rows["beside bulk downloads, Weft at both ends: urgent p50 to the best peer's"], "holds")

    def test_flat_output_that_is_cheaper_falls_short(self):
        found = sample_results.write_strategy()
        found["rounds"][0]["flat per pass"]["unary64k_c10m10"]["cpu_us"] = 1  # the rounds are one object
        rows = self.rows(write_strategy=found)
        self.assertEqual(rows["64 KiB echoed, 10 × 10: gathered clearly cheaper than flat per pass, server CPU"], "**falls short**")
        self.assertEqual(rows["gathered no dearer than flat per pass, server CPU; the load where it is dearest: 64 KiB echoed, 10 × 10"],
                         "**falls short**")
        self.assertEqual(rows["16 KiB echoed, 10 × 10: gathered clearly cheaper than flat per pass, server CPU"], "holds")

    def test_replies_that_are_held_have_bounds_of_their_own(self):
        found = sample_results.compare()
        for runs in found["peers"]["weft"]["rounds"]:
            runs["fetch1m_c4m2"]["cpu_us"] *= 2
        rows = self.rows(compare=found)
        self.assertEqual(rows["64 KiB held, 10 × 10: server CPU to the floor's"], "holds")
        self.assertEqual(rows["1 MiB held, 4 × 2: server CPU to the floor's"], "**falls short**")
        self.assertEqual(rows["1 MiB echoed, 4 × 2: server CPU to the floor's"], "holds")
        rows = self.rows(write_strategy=sample_results.write_strategy())
        for load in ("16 KiB held, 10 × 10", "64 KiB held, 10 × 10", "1 MiB held, 4 × 2"):
            self.assertEqual(rows[f"{load}: gathered clearly cheaper than flat per pass, server CPU"], "holds")

    def test_load_that_was_not_measured_has_no_bound(self):
        compared, written = sample_results.compare(), sample_results.write_strategy()
        for runs in [*(runs for peer in compared["peers"].values() for runs in peer["rounds"]),
                     *(runs for found in written["rounds"] for runs in found.values())]:
            for load in [load for load in runs if load.startswith("fetch")]:
                del runs[load]
        rows = self.rows(compare=compared, write_strategy=written)
        self.assertIn("64 KiB echoed, 10 × 10: server CPU to the floor's", rows)
        self.assertFalse([what for what in rows if "held" in what])

    def test_noise_of_priorities_is_that_of_the_same_client(self):
        found = sample_results.priority()
        runs = found["rounds"][0]  # the rounds are one object
        runs["weft / grpc-go"]["download"]["p50_us"] = 0.6 * runs["tonic / grpc-go"]["download"]["p50_us"]
        name = "beside bulk downloads, grpc-go's client: urgent p50 to the best peer's"
        runs["weft again / weft"]["download"]["p50_us"] = 9 * runs["weft / weft"]["download"]["p50_us"]
        self.assertEqual(self.rows(priority=found)[name], "**falls short**")
        runs["weft again / grpc-go"] = {"download": {"p50_us": 1.3 * runs["weft / grpc-go"]["download"]["p50_us"]}}
        self.assertEqual(self.rows(priority=found)[name], "within the A/A spread")

    def test_loops_are_held_against_one(self):
        found = sample_results.loops()
        name = "32 bytes, 10 × 10: server CPU of 2 loops to one loop"
        self.assertEqual(self.rows(loops=found), {name: "holds"})
        found["rounds"][0]["2 loops"]["unary32_c10m10"]["cpu_us"] = 6
        self.assertEqual(self.rows(loops=found), {name: "**falls short**"})

    def test_message_of_a_stream_on_the_client(self):
        found = sample_results.ping_pong()
        name = "{}, a message of a stream: µs of client CPU"
        self.assertEqual(self.rows(ping_pong=found), {name.format("download"): "holds", name.format("upload"): "holds"})
        found["rounds"][0]["weft / weft"]["upload"]["cpu_us"] = 0.2
        self.assertEqual(self.rows(ping_pong=found)[name.format("upload")], "**falls short**")


class BetterTest(unittest.TestCase):
    def rows(self, **found):
        text = better.where_a_peer_is_better(Given(**found))
        return {row.split("|")[1].strip(): row.split("|")[2].strip() for row in text.split("\n")[2:]} if "|" in text else {}

    def test_cheaper_peer_is_named_and_the_floor_is_none(self):
        rows = self.rows(compare=sample_results.compare(sample_results.PEERS | {"tonic": 0.8, "grpc-go": 0.7, "nghttp2-floor": 0.1}))
        self.assertEqual(rows["32 bytes, 10 × 10: server CPU"], "grpc-go")
        self.assertNotIn("32 bytes, 10 × 10: peak memory", rows)

    def test_nothing_is_said_where_weft_is_ahead(self):
        self.assertEqual(self.rows(compare=sample_results.compare(), priority=sample_results.priority()), {})

    def test_peer_that_is_ahead_in_half_of_the_rounds_is_not_named(self):
        found = sample_results.compare(rounds=4)
        for runs in found["peers"]["tonic"]["rounds"][:2]:
            runs["unary32_c1m1"]["cpu_us"] = 1
        self.assertNotIn("32 bytes, 1 × 1: server CPU", self.rows(compare=found))
        found["peers"]["tonic"]["rounds"][2]["unary32_c1m1"]["cpu_us"] = 1
        self.assertEqual(self.rows(compare=found)["32 bytes, 1 × 1: server CPU"], "tonic")

    def test_more_throughput_is_better(self):
        found = sample_results.priority()
        found["rounds"][0]["tonic / grpc-go"]["upload"]["bulk_mb_s"] = 5000  # the rounds are one object
        self.assertEqual(self.rows(priority=found),
                         {"urgent calls beside bulk uploads, grpc-go's client: bulk throughput": "tonic"})

    def test_servers_are_compared_at_the_same_client(self):
        found = sample_results.priority()
        runs = found["rounds"][0]  # the rounds are one object
        runs["grpc-go / grpc-go"]["download"]["p99_us"] = runs["weft / grpc-go"]["download"]["p99_us"] / 2
        runs["tonic / weft"]["unloaded"] = runs["weft / weft"]["unloaded"] | {"p50_us": 100}
        self.assertLess(runs["weft / weft"]["download"]["p99_us"], runs["grpc-go / grpc-go"]["download"]["p99_us"])
        self.assertEqual(self.rows(priority=found), {"urgent calls alone, Weft's client: p50": "tonic",
                                                     "urgent calls beside bulk downloads, grpc-go's client: p99": "grpc-go"})

    def test_server_without_priorities_is_compared_too(self):
        found = sample_results.priority()
        runs = found["rounds"][0]  # the rounds are one object
        runs["weft, no priorities / weft"]["upload"]["p99_us"] = 2 * runs["tonic / weft"]["upload"]["p99_us"]
        self.assertEqual(self.rows(priority=found),
                         {"urgent calls beside bulk uploads, Weft's client: p99 of Weft without priorities": "tonic"})

    def test_faster_client_is_named_and_bare_sockets_are_none(self):
        found = sample_results.ping_pong()
        self.assertEqual(self.rows(ping_pong=found), {})
        found["rounds"][0]["grpc-cpp blocking / grpc-cpp"]["alone"]["p50_us"] = 20
        self.assertEqual(self.rows(ping_pong=found),
                         {"one unary call after the other: p50 latency": "grpc-cpp blocking / grpc-cpp"})

    def test_counts_are_compared_too(self):
        found = sample_results.compare()
        found["peers"]["tonic"]["idle"]["kib_per_connection"] = 3.0
        self.assertEqual(self.rows(compare=found), {"KiB of an idle connection": "tonic"})


if __name__ == "__main__":
    unittest.main()
