"""How the results were taken: where, when, of what, and by which commands."""

from comparison.rounds import Rounds

from .results import AGAIN, SCRIPTS, text_table

WEFT = "Weft"


def taken(results):
    return [(script, found) for script in SCRIPTS if (found := results.get(script))]


def rounds_of(found):
    return len(Rounds.of_peers(found["peers"])) if "peers" in found else len(found["rounds"])


def each_run(found):
    """What the options say of the length of one run."""
    options = found.get("options", {})
    said = [f"{options[name]:,} {unit}" for name, unit in (("secs", "s"), ("calls", "calls")) if name in options]
    return ", ".join(said) or "–"


def machine(results):
    rows = [(f"`bench/{script}`", [found["when"], found.get("versions", {}).get(WEFT, "–"), str(rounds_of(found)), each_run(found),
                                   found["machine"]]) for script, found in taken(results)]
    return text_table(["when", "Weft", "rounds", "each run", "on"], rows, "measured by") if rows else None


def versions(results):
    """Of the others: of all peers where bench/compare has run, otherwise those that another script tells."""
    told = next((found["versions"] for _, found in taken(results) if "versions" in found), {})
    rows = [(name, [version]) for name, version in told.items() if name != WEFT]
    return text_table(["version"], rows) if rows else None


def commands(results):
    """That take these results anew."""
    lines = [command(script, found) for script, found in taken(results)]
    return "\n".join(["```sh", *lines, "bench/publish", "```"]) if lines else None


def command(script, found):
    again = ["--again"] if AGAIN in found.get("peers", {}) else []
    options = {"rounds": rounds_of(found)} | found.get("options", {})
    numbers = [f"--{name.replace('_', '-')} {value}" for name, value in options.items()]
    loads = ["\\\n   ", "--loads " + ",".join(found["loads"])] if "loads" in found else []
    return " ".join([f"bench/{script}", *again, *numbers, f"--out bench/results/{script}.json", *loads])
