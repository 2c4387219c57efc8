"""Says in one sentence what is missing before the set-up begins. Runs on any Python."""

import importlib.util
import sys

OLDEST = (3, 11)


def complaint():
    if sys.version_info < OLDEST:
        found = "%d.%d" % sys.version_info[:2]
        return (
            "Python 3.11 or newer is needed, but %s is %s: install it and say "
            "`make run PYTHON=python3.11`. 需要 Python 3.11 或更新版本。" % (sys.executable, found)
        )
    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            return (
                "The module %s is missing: on Debian or Ubuntu run "
                "`apt-get install python3-venv`. 缺少 %s 模块。" % (module, module)
            )
    return None


if __name__ == "__main__":
    sentence = complaint()
    if sentence:
        sys.exit(sentence)
