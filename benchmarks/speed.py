"""How fast is `fast`, and does memory grow with the picture? `harmonic bench speed`, with its file of results.

python benchmarks/speed.py [further options of harmonic bench speed]
"""

import sys

from harmonic.cli.app import main

if __name__ == "__main__":
    main(["bench", "speed", "--json", "results/speed.json", *sys.argv[1:]])
