"""Where results were taken."""

import os
import platform


def machine():
    with open("/proc/cpuinfo") as info:
        model = next((line.split(":", 1)[1].strip() for line in info if line.startswith("model name")), "unknown")
    return f"{model}, {os.cpu_count()} cores, kernel {platform.release()}, load average {os.getloadavg()[0]:.1f} at the start"
