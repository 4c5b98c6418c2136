import pytest

from harmonic.errors import UsageError
from harmonic.measure.published import beside_published, read_published, reproduced

TABLE = """task,dataset,setting,metric,method,value,ssim,params_M,train_data,source,class
denoise-awgn-color,CBSD68,sigma15,PSNR-RGB,FFDNet,33.87,,0.852,WED,table 2,non-blind
denoise-awgn-color,CBSD68,sigma50,PSNR-RGB,FFDNet,27.96,,0.852,WED,table 2,non-blind
denoise-awgn-color,CBSD68,sigma15,PSNR-RGB,DnCNN (blind),33.89,0.91,,BSD,table 2 (unconfirmed),
denoise-awgn-color,Kodak24,sigma15,PSNR-RGB,FFDNet,34.63,,0.852,WED,table 2,non-blind
jpeg-gray,LIVE1,q10,PSNR-B,FBCNN,29.40,,,,table 1,
sr,Set5,x2,PSNR-Y,Bicubic,33.66,0.9299,,,table 2,
sr,Set5,x2,PSNR-Y,SPAN,38.08,0.9608,0.481,DIV2K,table 3,
all-in-one-3,CBSD68,sigma15,PSNR-RGB,PromptIR,33.98,0.933,36,all-in-one,table 1,blind
"""


@pytest.fixture
def rows(tmp_path):
    (tmp_path / "rows.csv").write_text(TABLE)
    return read_published(tmp_path / "rows.csv")


def content(model, *scores):
    plain = {"suite": "s", "inputs_only": False, "protocol": "P", "after": {"psnr": 30.123, "ssim": 0.87654}}
    return {"model": model, "trained_on": "free pictures", "scores": [plain | score for score in scores]}


NOISE = [{"task": "denoise-awgn-color", "set": "CBSD68", "published_setting": f"sigma{s}"} for s in (15, 50)]
BOXES = {"task": "all-in-one-3", "set": "CBSD68", "published_setting": "sigma15"}
LUMA = {"task": "sr", "set": "Set5", "published_setting": "x2", "inputs_only": True}


def test_rows_of_the_same_task_set_and_setting_stand_beside_ours(rows):
    text = beside_published(content("ours", *NOISE), rows)
    assert text.splitlines() == [
        "CBSD68, denoise-awgn-color, P",
        "",
        "| method | class | M | trained on | source | sigma15 | sigma50 |",
        "|---|---|---|---|---|--:|--:|",
        "| **ours** | blind | – | free pictures | measured | **30.12 / 0.8765** | **30.12 / 0.8765** |",
        "| FFDNet | non-blind | 0.852 | WED | confirmed | 33.87 | 27.96 |",
        "| DnCNN (blind) | blind | – | BSD | unconfirmed | 33.89 / 0.91 | – |",
    ]


def test_ssim_is_that_of_the_rows_beside_it(rows):
    figures = {"after": {"psnr": 30.123, "ssim": 0.87654, "ssim_box": 0.89}}
    plain = beside_published(content("ours", *(score | figures for score in NOISE)), rows)
    assert "30.12 / 0.8765" in plain and "0.89" not in plain
    boxed = beside_published(content("ours", BOXES | figures), rows)
    assert (
        "**30.12 / 0.8900**" in boxed and "| PromptIR | blind | 36 | all-in-one | confirmed | 33.98 / 0.933 |" in boxed
    )


def test_other_measures_and_tasks_without_rows_are_left_out(rows):
    assert {row.method for row in rows} == {"FFDNet", "DnCNN (blind)", "Bicubic", "SPAN", "PromptIR"}
    assert beside_published(content("ours", {"task": None, "set": "LIVE1", "published_setting": ""}), rows) == ""


def test_a_chain_that_no_network_gets_stands_beside_the_bicubic_row_alone(rows):
    text = beside_published(content("", LUMA), rows)
    assert "Bicubic" in text
    assert "SPAN" not in text


def test_ours_is_one_network_per_scale_where_it_enlarges(rows):
    text = beside_published(content("sr2", LUMA | {"inputs_only": False}), rows)
    assert "| **sr2** | per scale |" in text and "SPAN" in text


def test_rows_of_inputs_are_paired_with_the_rows_they_should_equal(rows):
    ((score, row),) = reproduced(content("", LUMA, *NOISE), rows)
    assert (score["set"], row.method, row.psnr) == ("Set5", "Bicubic", 33.66)


@pytest.mark.parametrize("text", ["a,b\n1,2\n", TABLE.replace("33.87", "about 34")])
def test_a_file_that_is_no_such_table_is_refused_by_name(tmp_path, text):
    (tmp_path / "rows.csv").write_text(text)
    with pytest.raises(UsageError, match=r"rows\.csv: not a table of published rows"):
        read_published(tmp_path / "rows.csv")
    with pytest.raises(UsageError, match="cannot be read"):
        read_published(tmp_path / "none.csv")
