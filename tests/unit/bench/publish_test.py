#!/usr/bin/env python3
"""Tests of bench/publish and of the regions and charts that it writes."""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

import sample_results
from publication.regions import CHARTS, REGIONS
from sample_results import ROOT, Given

IMAGE = re.compile(r"\]\(performance/([\w-]+)\.svg\)")


class RegionsTest(unittest.TestCase):
    def test_without_results_nothing_is_made(self):
        for name, make in (REGIONS | CHARTS).items():
            self.assertIsNone(make(Given()), name)

    def test_every_region_and_chart_is_made_of_its_results(self):
        for name, make in (REGIONS | CHARTS).items():
            self.assertTrue(make(Given(**sample_results.everything())), name)

    def test_results_of_one_script_suffice_for_its_own(self):
        for script, found in sample_results.everything().items():
            given = Given(**{script: found})
            made = [name for name, make in REGIONS.items() if make(given)]
            self.assertIn("machine", made)
            images = [image for name in made for image in IMAGE.findall(REGIONS[name](given))]
            self.assertCountEqual(images, [name for name, draw in CHARTS.items() if draw(given)], script)

    def test_one_load_and_one_peer_suffice(self):
        found = sample_results.compare({"weft": 1.0}, rounds=1)
        found["peers"]["weft"] = {"rounds": [{"unary32_c10m10": found["peers"]["weft"]["rounds"][0]["unary32_c10m10"]}]}
        given = Given(compare=found)
        self.assertIn("5.00", REGIONS["unary"](given))
        self.assertTrue(CHARTS["unary"](given))
        for name in ("streams", "large"):
            self.assertEqual(REGIONS[name](given), "Not in these results.", name)
            self.assertIsNone(CHARTS[name](given), name)

    def test_large_replies_say_whether_they_are_echoed_or_held(self):
        text = REGIONS["large"](Given(compare=sample_results.compare()))
        self.assertIn("| 64 KiB echoed, 10 × 10 | 1 MiB echoed, 4 × 2 | 64 KiB held, 10 × 10 | 1 MiB held, 4 × 2 |", " ".join(text.split()))
        titles = re.findall(r'class="panel"[^>]*>([^<]+)<', CHARTS["large"](Given(compare=sample_results.compare())))
        self.assertEqual(titles, ["64 KiB echoed, 10 × 10", "1 MiB echoed, 4 × 2", "64 KiB held, 10 × 10", "1 MiB held, 4 × 2"])

    def test_trick_stands_beside_what_is_done_instead_in_order_of_size(self):
        rows = [row for row in REGIONS["reuse"](Given(reuse=sample_results.reuse())).split("\n") if row.startswith("| chunks")]
        self.assertEqual([[cell.strip() for cell in row.split("|")[1:4]] for row in rows],
                         [["chunks: 8 bytes", "malloc", "5.00"], ["chunks: 64 bytes", "malloc", "10.0"]])

    def test_pool_itself_is_no_tricks_opposite(self):
        found = sample_results.reuse()
        for runs in found["rounds"]:
            runs.update({f"worker/{variant}/0": {"ns": 5.0, "held": None} for variant in ("on", "other", "WorkerPool itself")})
        text = REGIONS["reuse"](Given(reuse=found))
        self.assertIn("| worker: 0 bytes ", text)
        self.assertNotIn("itself", text)

    def test_deadlines_are_told_in_words(self):
        runs = {f"a call's deadline/{variant}/calls:10000/differ:{differ}": {"ns": 5.0, "held": None}
                for variant in ("on", "heap") for differ in (0, 1)}
        text = REGIONS["reuse"](Given(reuse=sample_results.WHEN | {"rounds": [runs]}))
        self.assertIn("| a call's deadline: 10,000 alike ", text)
        self.assertIn("| a call's deadline: 10,000 that differ ", text)

    def test_each_script_tells_its_version_and_its_options(self):
        given = Given(compare=sample_results.compare() | {"versions": {"Weft": "v1", "nghttp2": "1"}, "options": {"rounds": 4, "secs": 0.5}},
                      ping_pong=sample_results.ping_pong() | {"options": {"rounds": 3, "calls": 20_000}}, loops=sample_results.loops())
        cells = {row.split("|")[1].strip(): [cell.strip() for cell in row.split("|")[3:6]] for row in REGIONS["machine"](given).split("\n")}
        self.assertEqual(cells["`bench/compare`"], ["v1", "4", "0.5 s"])
        self.assertEqual(cells["`bench/ping_pong`"], ["–", "3", "20,000 calls"])
        self.assertEqual(cells["`bench/loops`"], ["–", "3", "–"])
        self.assertNotIn("| Weft |", REGIONS["versions"](given))
        self.assertEqual(REGIONS["commands"](given).split("\n")[1:-1], [
            "bench/compare --again --rounds 4 --secs 0.5 --out bench/results/compare.json \\",
            "    --loads " + ",".join(sample_results.COMPARED_LOADS),
            "bench/ping_pong --rounds 3 --calls 20000 --out bench/results/ping_pong.json",
            "bench/loops --rounds 3 --out bench/results/loops.json \\", "    --loads unary32_c10m10",
            "bench/publish"])

    def test_latencies_of_one_program_stand_beside_each_other(self):
        found = sample_results.write_strategy()
        for counts in found["counts"].values():
            for load in counts.values():
                load["p50_us"] = 100
        *_, latency = REGIONS["write_strategy"](Given(write_strategy=found)).split("Latency p50")
        self.assertIn("| gathered | gathered again |", latency)

    def test_peak_memory_is_in_mib(self):
        text = REGIONS["peak_memory"](Given(compare=sample_results.compare()))
        self.assertIn(f"{9000 / 1024:.2f}", text)
        self.assertNotIn("again", text)

    def test_urgent_calls_are_counted(self):
        text = REGIONS["priority"](Given(priority=sample_results.priority()))
        self.assertRegex(text, r"bulk MB/s \| calls \|")
        self.assertIn("weft, no priorities / weft to the best peer / weft", text)

    def test_servers_of_weft_are_told_apart_by_colour(self):
        svg = CHARTS["priority"](Given(priority=sample_results.priority()))
        for kind in ("own", "plain", "again", "peer"):
            self.assertIn(f'<circle class="{kind}"', svg)

    def test_panels_of_clients_have_titles_of_their_own(self):
        titles = re.findall(r'class="panel"[^>]*>([^<]+)<', CHARTS["client"](Given(ping_pong=sample_results.ping_pong())))
        self.assertEqual(len(set(titles)), len(titles), titles)

    def test_charts_are_well_formed(self):
        for name, draw in CHARTS.items():
            xml.etree.ElementTree.fromstring(draw(Given(**sample_results.everything())))

    def test_every_region_stands_in_a_document(self):
        documents = "".join((ROOT / path).read_text() for path in ("README.md", "docs/performance.md"))
        for name in REGIONS:
            self.assertIn(f"<!-- begin: {name} -->", documents)


class PublishTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        for path in ("docs", "bench/results"):
            (self.root / path).mkdir(parents=True)
        self.page = self.root / "docs/performance.md"
        (self.root / "README.md").write_text("# Weft\n")
        self.page.write_text("Before\n\n<!-- begin: noise -->\nold\n<!-- end: noise -->\n\nafter 3 % of it\n")

    def publish(self, *more):
        command = [sys.executable, ROOT / "bench/publish", "--root", self.root, *more]
        return subprocess.run(command, capture_output=True, text=True)

    def add(self, name, found):
        (self.root / f"bench/results/{name}.json").write_text(json.dumps(found))

    def test_absent_results_empty_their_regions_and_say_so(self):
        done = self.publish()
        self.assertEqual(done.returncode, 0)
        self.assertEqual(self.page.read_text(), "Before\n\n<!-- begin: noise -->\n<!-- end: noise -->\n\nafter 3 % of it\n")
        self.assertIn("no results for noise", done.stderr)
        self.assertEqual(self.publish("--check").returncode, 0)

    def test_check_fails_until_it_is_published(self):
        self.add("compare", sample_results.compare())
        done = self.publish("--check")
        self.assertEqual(done.returncode, 1)
        self.assertIn("docs/performance.md", done.stdout)
        self.assertIn("old", self.page.read_text())
        self.assertEqual(self.publish().returncode, 0)
        self.assertEqual(self.publish("--check").returncode, 0)

    def test_only_regions_are_written(self):
        self.add("compare", sample_results.compare())
        self.publish()
        text = self.page.read_text()
        self.assertTrue(text.startswith("Before\n\n<!-- begin: noise -->\n\n|"), text)
        self.assertTrue(text.endswith("|\n\n<!-- end: noise -->\n\nafter 3 % of it\n"), text)
        self.assertNotIn("old", text)

    def test_section_of_clients_goes_with_its_results(self):
        self.page.write_text("<!-- begin: client -->\n<!-- end: client -->\n")
        self.add("ping_pong", sample_results.ping_pong())
        self.publish()
        self.assertIn("\n## Clients and wake-ups\n", self.page.read_text())
        self.assertTrue((self.root / "docs/performance/client.svg").exists())
        (self.root / "bench/results/ping_pong.json").unlink()
        self.publish()
        self.assertEqual(self.page.read_text(), "<!-- begin: client -->\n<!-- end: client -->\n")
        self.assertFalse((self.root / "docs/performance/client.svg").exists())

    def test_edited_table_is_found(self):
        self.add("compare", sample_results.compare())
        self.publish()
        self.page.write_text(self.page.read_text().replace("1.02", "1.00"))
        self.assertEqual(self.publish("--check").returncode, 1)

    def test_chart_without_results_goes(self):
        (self.root / "docs/performance").mkdir()
        chart = self.root / "docs/performance/unary.svg"
        chart.write_text("<svg/>")
        self.assertEqual(self.publish("--check").returncode, 1)
        self.publish()
        self.assertFalse(chart.exists())

    def test_unknown_region_is_an_error(self):
        self.page.write_text("<!-- begin: nosie -->\n<!-- end: nosie -->\n")
        done = self.publish()
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("no region nosie", done.stderr)

    def test_region_that_does_not_end_is_an_error(self):
        self.page.write_text("<!-- begin: noise -->\n<!-- end: unary -->\n")
        self.assertNotEqual(self.publish().returncode, 0)


if __name__ == "__main__":
    unittest.main()
