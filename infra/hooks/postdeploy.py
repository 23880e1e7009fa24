"""Tell Event Grid to call the deployed app for every new blob. azd runs this after `azd deploy`; see --help.

Kept to syntax that old Pythons read, so that they get the message below and not a SyntaxError.
"""

import sys

OLDEST = (3, 10)


def run() -> int:
    """Start the hook, or say why it cannot start."""
    if sys.version_info < OLDEST:
        running = ".".join(str(part) for part in sys.version_info[:2])
        sys.stderr.write(f"postdeploy: needs Python 3.10 or newer; this is Python {running} ({sys.executable}).\n")
        return 1
    try:
        from eventsub.cli import main  # noqa: PLC0415 - only once the Python is new enough and the packages are there
    except ModuleNotFoundError as missing:
        sys.stderr.write(f"postdeploy: the package {missing.name} is not installed for {sys.executable}.\n")
        sys.stderr.write("Run it through azd, which installs what it needs:\n  azd hooks run postdeploy\n")
        sys.stderr.write("or install it: python3 -m pip install -r infra/hooks/requirements.txt\n")
        return 1
    return main()


if __name__ == "__main__":
    sys.exit(run())
