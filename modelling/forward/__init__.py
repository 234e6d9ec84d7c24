"""What a trained network computes, written once: over numpy arrays where a model is applied on the CPU, over torch tensors in training and on a device.

Nothing here imports torch. `modelling/network` gives the same computations weights that can be trained, `applied` gives them those of a file.
"""
