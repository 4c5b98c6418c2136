"""Fit the scene statistics behind NIQE-free and FD-NSS to free training pictures (seconds).

python benchmarks/fit_scenes.py --data DIR
"""

import argparse
from pathlib import Path

from harmonic.images.atomic import atomic_write
from harmonic.measure.natural import ASSET, fit_scenes, scenes_to_json
from harmonic.train.pictures import read_rgb, training_files

NOTE = (
    "Scene statistics of the free training pictures (licences CC0, CC-BY, CC-BY-SA, Unsplash and Pexels, public "
    "domain), by benchmarks/fit_scenes.py; not the parameters of NIQE"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder with train/ in it")
    folder = parser.parse_args().data / "train"
    drawn = "gen_"  # rendered text and charts: no natural scenes
    files = [file for file in training_files(folder) if not file.name.startswith(drawn)]
    model = fit_scenes(read_rgb(file) for file in files)
    target = Path(__file__).parents[1] / "src" / "harmonic" / "assets" / ASSET
    atomic_write(target, scenes_to_json(model, NOTE).encode())
    print(f"{model.pictures} pictures -> {target}")


if __name__ == "__main__":
    main()
