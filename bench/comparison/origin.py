"""Where results come from."""

import os
import platform
import time

from .versions import versions


def machine():
    with open("/proc/cpuinfo") as info:
        model = next((line.split(":", 1)[1].strip() for line in info if line.startswith("model name")), "unknown")
    return f"{model}, {os.cpu_count()} cores, kernel {platform.release()}, load average {os.getloadavg()[0]:.1f} at the start"


def origin(options):
    """When, where, of what and with which numbers among the options: what every results file begins with."""
    numbers = {name: value for name, value in vars(options).items() if type(value) in (int, float)}
    return {"when": time.strftime("%Y-%m-%d %H:%M"), "machine": machine(), "versions": versions(), "options": numbers}
