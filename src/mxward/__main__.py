"""`python -m mxward` is `mxward`."""

from mxward.cli import main

if __name__ == "__main__":
    main(prog_name="mxward")
