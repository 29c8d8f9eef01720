"""python -I -S run_in.py FOLDER PROGRAM: runs FOLDER/PROGRAM, which can import from FOLDER alone."""

import runpy
import sys

folder, program = sys.argv[1:]
sys.path.insert(0, folder)
runpy.run_path(f"{folder}/{program}", run_name="__main__")
