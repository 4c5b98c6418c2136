"""harmonic doctor: what would run, how fast, and why nothing faster does."""

import json

from harmonic.restore import doctor


def test_the_diagnosis_names_everything_and_measures_torch(harmonic, weights, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(doctor, "_SIDE", 64)
    monkeypatch.setattr(doctor, "_SECONDS", 0.05)
    found = json.loads(harmonic("doctor", "--model", weights, "--device", "cpu", "--precision", "fp32", "--json").out)
    assert (found["device"], found["runtime"], found["precision"]) == ("cpu", "torch", "fp32")
    assert found["threads"] >= 1 and found["free_memory"] > 1 << 20 and found["reasons"]
    speeds = {(one["runtime"], one["precision"]): one for one in found["speeds"]}
    assert speeds["torch", "fp32"]["megapixels"] > 0
    assert "needs a GPU" in speeds["torch", "fp16"]["reason"]
    assert speeds["onnx", "fp32"]["megapixels"] is None and speeds["onnx", "fp32"]["reason"]
    table = harmonic("doctor", "--model", weights, "--device", "cpu")
    assert table.code == 0 and "megapixels/s" in table.out and "for a picture of 12 megapixels" in table.out
