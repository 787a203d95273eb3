"""Clients beside each other, and servers with several loops: what bench/ping_pong and bench/loops found."""

from comparison.report import number, spread, table
from comparison.rounds import Rounds

from . import chart
from .results import ABOUT_BARS, LACKING, LOAD_TITLES, bar, image, needs, parts

TITLES = {"alone": "One unary call after the other", "many": "10 × 10 unary calls in flight",
          "download": "A message of a stream to the client", "upload": "A message of a stream from the client"}
COLUMNS = {"p50_us": "p50 µs", "p99_us": "p99 µs", "cpu_us": "client CPU µs", "switches": "context switches"}
ONE_LOOP = "one loop"


def client_rounds(found):
    """bench/ping_pong has the loads outside, the names within."""
    turned = []
    for runs in found["rounds"]:
        turned.append({})
        for load, by_name in runs.items():
            for name, run in by_name.items():
                turned[-1].setdefault(name, {})[load] = run
    return Rounds(turned)


def names_of(rounds, load):
    return [name for name in rounds.names() if rounds.values(name, load, "cpu_us")]


def colour(name):
    if name.endswith("(again)"):
        return "again"
    return {"weft": "own", "raw": "floor"}.get(name.split()[0], "peer")


@needs("ping_pong", LACKING)
def client(found):
    rounds, allocations = client_rounds(found), found.get("allocations", {})
    texts = []
    for load, heading in TITLES.items():
        names = names_of(rounds, load)
        if not names:
            continue
        columns = {key: column for key, column in COLUMNS.items() if rounds.values(names[0], load, key)}
        rows = [(name, [*(spread(rounds.values(name, load, key)) for key in columns),
                        number(allocations.get(load, {}).get(name)), spread(rounds.ratios(names[0], load, "cpu_us", [name]))])
                for name in names]
        headings = [*columns.values(), "allocations", f"CPU of {names[0]} to it"]
        texts += [f"#### {heading}", table(headings, rows, "client / server")]
    return parts(image("client", "Latency and CPU of clients"), *texts) if texts else None


@needs("ping_pong")
def client_chart(found):
    rounds = client_rounds(found)
    panels = []
    for load, heading in TITLES.items():
        for key, axis in (("p50_us", "p50 latency in µs"), ("cpu_us", "µs of client CPU")):
            found = [(name, rounds.values(name, load, key)) for name in names_of(rounds, load)]
            rows = [bar(name, values, colour(name)) for name, values in found if values]
            if rows and (key == "cpu_us" or load == "alone"):
                panels.append(chart.Panel(heading, axis, rows))
    return chart.bars("Clients", "Client / server. " + ABOUT_BARS, panels) if panels else None


@needs("loops", LACKING)
def loops(found):
    rounds, loads = Rounds(found["rounds"]), found["loads"]
    rows = [(name, [spread(rounds.values(name, load, "cpu_us")) for load in loads]) for name in rounds.names()]
    ratios = [(name, [spread(rounds.ratios(name, load, "cpu_us", [ONE_LOOP])) for load in loads])
              for name in rounds.names() if name != ONE_LOOP]
    columns = [LOAD_TITLES.get(load, load) for load in loads]
    return parts("Server CPU in µs per call, median (least–most):", table(columns, rows),
                 "As a ratio to one loop's in the same round:", table(columns, ratios))
