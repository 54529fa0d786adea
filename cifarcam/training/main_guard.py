"""A check that a script can be imported by the processes that it starts."""

from __future__ import annotations

import ast
import inspect
import linecache
import multiprocessing

from cifarcam.errors import CifarcamError


def check_main_guard() -> None:
    """Checks that the running script does not start processes while it is imported.

    Where processes are not forked, as on Windows and macOS, each imports the script anew, and would start its own.

    Raises:
        CifarcamError: for a script that does not look at its ``__name__`` before it starts them.
    """
    # The default is the first of them all; to ask for it by get_start_method would settle it.
    if (multiprocessing.get_start_method(allow_none=True) or multiprocessing.get_all_start_methods()[0]) == "fork":
        return
    frame = inspect.currentframe()
    while frame is not None:
        of_script = frame.f_code.co_name == "<module>" and frame.f_globals.get("__name__") in (
            "__main__",
            "__mp_main__",
        )
        if of_script and frame.f_globals.get("__file__") and not _guarded(frame.f_code.co_filename, frame.f_lineno):
            raise CifarcamError(
                f"{frame.f_code.co_filename} starts processes in line {frame.f_lineno}, outside "
                "`if __name__ == '__main__':`, so each would start more of them. Put the line under it, or set the "
                "recipe's workers to 0."
            )
        frame = frame.f_back


def _guarded(filename: str, line: int) -> bool:
    """Whether a script looks at its ``__name__`` up to the line, or shows no source to tell by."""
    source = "".join(linecache.getlines(filename))
    names = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name) and node.id == "__name__"]
    return not source or any(name.lineno <= line for name in names)
