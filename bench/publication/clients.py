"""Clients beside each other, and servers with several loops: what bench/ping_pong and bench/loops found."""

from comparison import ping_pong
from comparison.report import spread, table
from comparison.rounds import Rounds

from . import chart
from .results import ABOUT_BARS, LACKING, LOAD_TITLES, bar, image, needs, parts

# With its heading, since without results there is no section.
SECTION = """## Clients and wake-ups

The client's side of small calls and of streams, Weft's and gRPC C++'s, each with either server. *Blocking* waits in a thread of the
application, *coroutine* stays on the loop. Raw sockets exchange the same bytes without HTTP: what the kernel's wake-ups cost alone."""
AGAIN = " (again)"
ONE_LOOP = "one loop"


def names_of(rounds, load):
    """The first is Weft at both ends."""
    return [pair.name for pair in ping_pong.all_pairs() if pair.load == load and rounds.values(pair.name, load, "cpu_us")]


def colour(name):
    if name.endswith(AGAIN):
        return "again"
    return {"weft": "own", "raw": "floor"}.get(name.split()[0], "peer")


@needs("ping_pong")
def client(found):
    text = ping_pong.Report(found).text().strip().replace("### ", "#### ")
    return parts(SECTION, image("client", "Latency and CPU of clients"), text) if text else parts(SECTION, LACKING)


@needs("ping_pong")
def client_chart(found):
    rounds = Rounds(found["rounds"])
    panels = []
    for load, heading in ping_pong.TITLES.items():
        for key, what, axis in (("p50_us", "p50", "p50 latency in µs"), ("cpu_us", "CPU", "µs of client CPU")):
            rows = [bar(name, values, colour(name)) for name in names_of(rounds, load)
                    if (values := rounds.values(name, load, key))]
            if rows and (key == "cpu_us" or load == "alone"):
                panels.append(chart.Panel(f"{heading}: {what}" if load == "alone" else heading, axis, rows))
    return chart.bars("Clients", "Client / server. " + ABOUT_BARS, panels) if panels else None


@needs("loops", LACKING)
def loops(found):
    rounds, loads = Rounds(found["rounds"]), found["loads"]
    rows = [(name, [spread(rounds.values(name, load, "cpu_us")) for load in loads]) for name in rounds.names()]
    ratios = [(name, [spread(rounds.ratios(name, load, "cpu_us", [ONE_LOOP])) for load in loads])
              for name in rounds.names() if name != ONE_LOOP]
    columns = [LOAD_TITLES.get(load, load) for load in loads]
    return parts("Server CPU in µs per call, median (least–most):", table(columns, rows),
                 "As a ratio to one loop's in the same round:", table(columns, ratios)) if rows else None
