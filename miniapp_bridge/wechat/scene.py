"""What may stand in the scene of a mini-program code: 1–32 visible characters, no `%`, no Han."""

import re

SCENE = re.compile(r"[0-9A-Za-z!#$&'()*+,/:;=?@\-._~]{1,32}")
