"""`python -m local`: the command line behind `./dev`."""

from local.cli.app import main

if __name__ == "__main__":
    main()
