"""Runs programs one after another in one process, each with its own environment and its own output.

Read from standard input: ``[{"name": …, "code": …, "environment": {…}}, …]``; written to standard output:
``{name: {"printed": …, "error": a traceback, or null}}``. It imports nothing of ours: the
other package's interpreter runs it as well.
"""

import contextlib
import io
import json
import os
import sys
import traceback


def run(program):
    """What one program printed, and the traceback that ended it."""
    os.environ.update(program["environment"])
    printed = io.StringIO()
    error = None
    with contextlib.redirect_stdout(printed):
        try:
            code = compile(program["code"], program["name"] + ".py", "exec", dont_inherit=True)
            exec(code, {"__name__": "__main__"})
        except Exception:
            error = traceback.format_exc()
    return {"printed": printed.getvalue(), "error": error}


def main():
    """Run what standard input says."""
    programs = json.load(sys.stdin)
    outcomes = {program["name"]: run(program) for program in programs}
    json.dump(outcomes, sys.stdout)


if __name__ == "__main__":
    main()
