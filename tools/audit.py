"""Asks advisory services whether what is pinned has known vulnerabilities.

    python tools/audit.py PIP_AUDIT FILE...     PIP_AUDIT is that program; each FILE holds pins (`name==version`)

Ends with 1 where a vulnerability is known. A service that cannot be reached, or that knows none of the packages, is
named and the next one is asked; where none answers, nothing was audited, and that is said too.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec

SERVICES = ("pypi", "osv")
_UNREACHED = re.compile(
    r"requests\.exceptions|urllib3\.exceptions|vulnerability feed|not redirecting|ServiceError|blocking"
)
"""How pip-audit ends where a service does not answer as it should; whatever else ends it is a fault of the audit."""


class Vulnerability(msgspec.Struct):
    """One that is known, and the versions that are rid of it."""

    id: str
    fix_versions: list[str] = []


class Dependency(msgspec.Struct):
    """What a service says of one package: its vulnerabilities, or why nothing is known of it."""

    name: str
    version: str = ""
    vulns: list[Vulnerability] = []
    skip_reason: str = ""


class Answer(msgspec.Struct):
    """What pip-audit writes."""

    dependencies: list[Dependency]


def read_pins(paths: list[str]) -> list[str]:
    """The pins of all files, each once, without their hashes and what they are for."""
    lines = (line for path in paths for line in Path(path).read_text("utf-8").splitlines())
    return sorted({line.partition(";")[0].rstrip(" \\") for line in lines if "==" in line and line[0].isalnum()})


def ask_service(program: str, service: str, pins: list[str]) -> list[Dependency] | str:
    """What a service knows of the pins, or in words why it could not be asked.

    Raises `RuntimeError` with what pip-audit says where that is no matter of the service.
    """
    with tempfile.TemporaryDirectory() as folder:
        (file := Path(folder, "pins.txt")).write_text("\n".join(pins), "utf-8")
        how = ["--no-deps", "--disable-pip", "--progress-spinner", "off", "--timeout", "15", "--format", "json"]
        command = [program, "-s", service, *how, "-r", str(file)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
        except subprocess.TimeoutExpired:
            return "no answer in 300 s"
    try:
        return msgspec.json.decode(done.stdout, type=Answer).dependencies
    except msgspec.DecodeError:
        said = (done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"])[-1][:300]
        if not _UNREACHED.search(said):
            raise RuntimeError(f"pip-audit failed: {said}") from None
        return said


def main(arguments: list[str]) -> int:
    """Audit and print; the exit code."""
    program, *files = arguments
    pins = read_pins(files)
    for service in SERVICES:
        known = ask_service(program, service, pins)
        if isinstance(known, str):
            print(f"the advisory service {service} could not be asked: {known}")
            continue
        skipped = sum(bool(dependency.skip_reason) for dependency in known)
        if skipped == len(known):
            print(f"the advisory service {service} knows none of the {len(known)} packages")
            continue
        for dependency in known:
            for found in dependency.vulns:
                fixed = ", ".join(found.fix_versions) or "no version yet"
                print(f"{dependency.name} {dependency.version}: {found.id}; mended in {fixed}")
        harmed = sum(bool(dependency.vulns) for dependency in known)
        unknown = f", {skipped} unknown to it" if skipped else ""
        print(f"{service}: {len(known)} packages{unknown}, {harmed} with known vulnerabilities")
        return 1 if harmed else 0
    print(f"left out: none of {', '.join(SERVICES)} could be asked about {len(pins)} pins, so nothing was audited")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
