"""A training in a process of its own, for tests that kill it or start two: python train_worker.py COMPENDIUM OUT SETTINGS_JSON."""

import json
import sys

import torch

from modelling.config import TrainConfig
from modelling.data import Compendium
from modelling.training.train import train

if __name__ == "__main__":
    path, out, settings = sys.argv[1:4]
    torch.set_num_threads(1)
    with Compendium.open(path) as compendium:
        train(compendium, out, TrainConfig(**json.loads(settings)), checkpoint_seconds=0, device="cpu")
