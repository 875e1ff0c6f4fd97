"""Where images come from: arrays, CIFAR archives and image folders."""
