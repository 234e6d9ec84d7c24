"""Runs Flexynesis' own supervised VAE, in an environment of its own; the other benchmarks start this file and read what it writes.

    python benchmarks/peers.py flexynesis
    FLEXYNESIS_PYTHON=/another/bin/python   tells the benchmarks where else it is

Flexynesis (licence: non-commercial) is used as installed, through its public classes; nothing of it is part of this project.
"""

from __future__ import annotations

import json
import resource
import sys
import time
import warnings

import torch
from safetensors.torch import load_file, save_file

warnings.filterwarnings("ignore")
SETTINGS = {"latent_dim": 121, "hidden_dim_factor": 0.2002, "supervisor_hidden_dim": 32, "lr": 1.7178e-3, "batch_size": 32, "epochs": 500}


def dataset(x_ng: torch.Tensor, y_n: torch.Tensor, n_tissues: int):
    from flexynesis.data import MultiOmicDataset

    n, g = x_ng.shape
    labels = {"tissue": {i: str(i) for i in range(n_tissues)}}
    genes, samples = {"gex": [f"g{i}" for i in range(g)]}, [f"s{i}" for i in range(n)]
    return MultiOmicDataset({"gex": x_ng}, {"tissue": y_n.float()}, {"tissue": "categorical"}, genes, samples, labels)


def model(data):
    from flexynesis.models import supervised_vae

    return supervised_vae(SETTINGS, data, ["tissue"], use_loss_weighting=False, device_type="cpu")


def parity(folder: str, n_genes: int) -> None:
    """Weights after some training steps (so that BatchNorm has seen data), an input, and every output in evaluation mode."""
    torch.manual_seed(0)
    x, y = torch.randn(256, n_genes), torch.arange(256) % 42
    network = model(dataset(x, y, 42))
    optimiser = network.configure_optimizers()
    network.train()
    for i in range(0, 256, 64):
        x_hat, z, mean, log_var, outputs = network([x[i : i + 64]])
        loss = (x_hat[0] - x[i : i + 64]).square().mean() + torch.nn.functional.cross_entropy(outputs["tissue"], y[i : i + 64])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    network.eval()
    with torch.no_grad():
        x_hat, z, mean, log_var, outputs = network([x])
        draws = torch.randn(200, 121)
        mmd = network.compute_mmd(draws, z)
    tensors = {"x": x, "z": z, "mean": mean, "log_var": log_var, "x_hat": x_hat[0], "logits": outputs["tissue"], "draws": draws, "mmd": mmd}
    state = {f"state.{name}": value for name, value in network.state_dict().items()}
    save_file({name: value.contiguous() for name, value in (tensors | state).items()}, f"{folder}/peer.safetensors")


def speed(n_genes: int, batch_size: int, n_steps: int) -> None:
    """Its own training step and optimiser on one repeated batch, without the trainer around it: median seconds a step."""
    torch.manual_seed(0)
    data = dataset(torch.randn(batch_size, n_genes), torch.arange(batch_size) % 42, 42)
    network = model(data)
    network.log = network.log_dict = lambda *_, **__: None
    optimiser = network.configure_optimizers()
    batch = next(iter(torch.utils.data.DataLoader(data, batch_size=batch_size)))
    times = []
    for _ in range(n_steps + 1):
        started = time.perf_counter()
        optimiser.zero_grad()
        network.training_step(batch, 0).backward()
        optimiser.step()
        times.append(time.perf_counter() - started)
    print(json.dumps({"seconds": sorted(times[1:])[n_steps // 2], "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


def train(folder: str, seed: int) -> None:
    """Train on standardised parts in FOLDER/parts.safetensors, stop by its validation loss with patience 10, keep the last weights as it does."""
    import lightning

    parts = load_file(f"{folder}/parts.safetensors")
    n_tissues = int(parts["n_tissues"])
    lightning.seed_everything(seed)
    train_data, val_data = (dataset(parts[f"x_{part}"], parts[f"y_{part}"], n_tissues) for part in ("train", "validation"))
    network = model(train_data)
    stop = lightning.pytorch.callbacks.EarlyStopping("val_loss", patience=10)
    trainer = lightning.Trainer(
        max_epochs=SETTINGS["epochs"], callbacks=[stop], logger=False, enable_checkpointing=False, enable_progress_bar=False
    )
    loader = torch.utils.data.DataLoader
    started = time.perf_counter()
    trainer.fit(network, loader(train_data, batch_size=32, shuffle=True, drop_last=True), loader(val_data, batch_size=32))
    seconds = time.perf_counter() - started
    save_file({name: value.contiguous() for name, value in network.state_dict().items()}, f"{folder}/peer-{seed}.safetensors")
    n = len(parts["x_train"]) * trainer.current_epoch
    facts = {
        "epochs": trainer.current_epoch,
        "samples_per_second": n / seconds,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(facts))


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    if command == "parity":
        parity(arguments[0], int(arguments[1]))
    elif command == "speed":
        speed(*map(int, arguments))
    elif command == "train":
        train(arguments[0], int(arguments[1]))
