"""Stages of the U-Net, apart from the laws of the whole."""

import torch

from harmonic.network.stages import InputEmbed


def test_bf16_sees_every_level_of_a_picture_of_ten_bits():
    embed = InputEmbed(1, 1)
    with torch.no_grad():
        embed.conv.weight.zero_()
        embed.conv.bias.zero_()
        embed.conv.weight[0, 0, 1, 1], embed.conv.weight[0, 0, 1, 2] = -1, 1  # the step to the right neighbour
    levels = torch.arange(1024) / 1023
    x = levels.expand(1, 3, 4, 1024)
    with torch.autocast("cpu", torch.bfloat16):
        steps = embed(x)[0, 0, 1, :-1]
    torch.testing.assert_close(steps.float() * 1023, torch.ones(1023), rtol=0, atol=0.02)
