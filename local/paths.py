"""Where things are in a checkout."""

from pathlib import Path

#: The folder of `function_app.py` and `./dev`.
ROOT = Path(__file__).resolve().parents[1]

#: What `./dev` installs; ignored by git.
INSTALLED = ROOT / ".dev"

#: Node.js and Azurite, as `./dev` installs them.
NODE = INSTALLED / "node" / "bin" / "node"
AZURITE = INSTALLED / "node" / "node_modules" / "azurite" / "dist" / "src" / "azurite.js"

#: Logs and state of running stacks.
RUN = INSTALLED / "run"
