"""Says in one sentence what is missing before the set-up begins. Runs on any Python."""

import importlib.util
import sys

OLDEST = (3, 11)


def complaint():
    if sys.version_info < OLDEST:
        found = ".".join(str(number) for number in sys.version_info[:2])
        return (
            f"Python 3.11 or newer is needed, but {sys.executable} is {found}: install it and say "
            "`make run PYTHON=python3.11`. 需要 Python 3.11 或更新版本。"
        )
    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            return (
                f"The module {module} is missing: on Debian or Ubuntu run "
                f"`apt-get install python3-venv`. 缺少 {module} 模块。"
            )
    return None


if __name__ == "__main__":
    sentence = complaint()
    if sentence:
        sys.exit(sentence)
