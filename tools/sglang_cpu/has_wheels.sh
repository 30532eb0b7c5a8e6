#!/usr/bin/env bash
# Whether the pins of requirements.txt have wheels for a Python; where they have none, one line says so.
#   has_wheels.sh PYTHON
set -euo pipefail
"${1:?has_wheels.sh PYTHON}" - <<'PYTHON'
import platform
import sys

version = ".".join(platform.python_version_tuple()[:2])
here = (platform.python_implementation(), version, platform.libc_ver()[0], platform.system(), platform.machine())
if here != ("CPython", "3.11", "glibc", "Linux", "x86_64"):
    name = " ".join(part for part in here if part)
    sys.exit(f"the real SGLang server is pinned for CPython 3.11 on Linux x86_64 with glibc; this is {name}")
PYTHON
