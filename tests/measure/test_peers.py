import torch

from harmonic.measure.peers.nafnet import NAFNet


def test_nafnet_w32_has_the_published_size_and_starts_near_the_identity_in_shape():
    network = NAFNet().eval()
    assert round(sum(p.numel() for p in network.parameters()) / 1e6, 2) == 29.16
    x = torch.rand(1, 3, 33, 17)
    assert NAFNet(8, (1, 1), 1, (1, 1))(x).shape == x.shape
