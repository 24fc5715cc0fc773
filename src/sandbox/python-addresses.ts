/** Where a build has Pyodide's files. */
import module from 'pyodide/pyodide.asm.mjs?url';
import wasm from 'pyodide/pyodide.asm.wasm?url';
import library from 'pyodide/python_stdlib.zip?url';
import type { PythonAddresses } from './python-files.ts';

export const PYTHON_ADDRESSES: PythonAddresses = { module, wasm, library };
