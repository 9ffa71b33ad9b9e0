"""Processes of the machine."""

from __future__ import annotations

import subprocess
import time

import psutil


def model_processes(pid: int) -> set[int]:
    """Processes that run a model for this one."""
    command = ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(pid)]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return {int(line.split()[0]) for line in listed if "embedders.apart" in line}


def file_workers() -> list[psutil.Process]:
    """Processes that read files for this one."""
    return [child for child in psutil.Process().children() if any("files.worker" in part for part in child.cmdline())]


def gone(pid: int) -> bool:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
        if state.stdout.strip()[:1] in ("", "Z"):
            return True
        time.sleep(0.05)
    return False
