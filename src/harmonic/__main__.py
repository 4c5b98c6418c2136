"""`python -m harmonic` is the command `harmonic`."""

from harmonic.cli.app import main

if __name__ == "__main__":
    main()
