// node pyodide.mjs PYODIDE_FOLDER FOLDER PROGRAM: runs FOLDER/PROGRAM with pyodide's Python, which can import from FOLDER.
import { pathToFileURL } from "node:url";

const [pyodide, folder, program] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${pyodide}/pyodide.mjs`).href);
const python = await loadPyodide({ indexURL: `${pyodide}/` });
python.FS.mkdir("/under_test");
python.FS.mount(python.FS.filesystems.NODEFS, { root: folder }, "/under_test");
try {
  python.runPython(`
import runpy, sys
sys.dont_write_bytecode = True
sys.path.insert(0, "/under_test")
runpy.run_path("/under_test/${program}", run_name="__main__")
`);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
process.exit(0);
