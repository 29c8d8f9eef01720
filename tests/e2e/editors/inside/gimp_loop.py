"""Runs inside GIMP's batch interpreter: takes what the tests send until they hang up. `tools` are its names.

Started as exec(compile(...)), so that this folder has to be put where modules are found.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import gimp_tools
import sent

line = sent.Sent(vars(gimp_tools))
while line.take():
    pass
