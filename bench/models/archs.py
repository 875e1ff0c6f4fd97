"""Names of networks, listed without importing torch."""

NETWORKS = ("mlp", "lenet", "alexnet", "vgg11", "resnet18")  # of the ConvNet line, as `dc-NAME`
NORMED = ("vgg11", "resnet18")  # those that also come with BatchNorm
ARCHS = (  # those that the documentation names; patterns and timm give many more
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet101",
    "resnet18-w16",
    "convnet3",
    "convnet3-bn",
    "convnet3-w64-bn",
    "convnet4",
    "convnet5",
    *(f"dc-{name}" for name in NETWORKS),
    *(f"dc-{name}-bn" for name in NORMED),
    "vit_tiny_patch16_224",
    "vit_small_patch16_224",
    "efficientnet_b0",
    "mobilenet_v2",
)
