"""A fresh process that imports one system, makes it, asks once, says that it has the answer, and is gone.

    python cold.py SYSTEM ENDPOINT

The driver's clock runs from the start of this process to its end, so nothing is imported here that the system
does not need.
"""

import os
import sys
from typing import Any

from systems import SYSTEMS

system: Any = SYSTEMS[sys.argv[1]](sys.argv[2])
answer = system.call("What is the capital of France?")
os.write(1, b"answered\n" if answer else b"empty\n")
os._exit(0)
