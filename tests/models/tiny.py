"""Models with random weights in the layouts that are published, each made in a fraction of a second.

Weights are drawn wider than usual: with the common 0.02, all vectors of a random network are nearly alike, and no
mistake shows.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from support import SENTENCES
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    BertConfig,
    BertModel,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2Model,
    Qwen3Config,
    Qwen3ForCausalLM,
    Qwen3Model,
    XLMRobertaConfig,
    XLMRobertaForSequenceClassification,
    XLMRobertaModel,
)

WIDTH = 64
SIZES = {
    "hidden_size": WIDTH, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4,
    "initializer_range": 0.2,  # by default vectors of random weights are too alike to show a mistake
}  # fmt: skip
TASK = "Given a web search query, retrieve relevant passages that answer the query"
QWEN_PROMPT = f"Instruct: {TASK}\nQuery:"
ZEMBED_QUERY = "<|im_start|>system\nquery<|im_end|>\n<|im_start|>user\n"
ZEMBED_PASSAGE = "<|im_start|>system\ndocument<|im_end|>\n<|im_start|>user\n"
ZEMBED_SUFFIX = "<|im_end|>\n"

QUERIES = ["Where does the Nile begin?", "尼罗河从哪里开始？", "أين يبدأ نهر النيل؟", "k", "नील नदी कहाँ से शुरू होती है"]
PASSAGES = [*SENTENCES.values(), "x", SENTENCES["hi"] * 4, "a\nb"]

_END, _START, _STOP = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
_WORDS = r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_TRAINING = [QWEN_PROMPT, "query document user system assistant yes no Yes No", *SENTENCES.values()] * 3


def byte_pairs(*, end: bool) -> PreTrainedTokenizerFast:
    """A tokenizer as Qwen's; with `end`, it closes every text with <|endoftext|> as that of Qwen3-Embedding does."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_WORDS), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=700, special_tokens=[_END, _START, _STOP], initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(_TRAINING, trainer)
    tokenizer.add_tokens(["<think>", "</think>"])
    steps: list[Any] = [processors.ByteLevel(trim_offsets=False)]
    if end:
        special = [(_END, tokenizer.token_to_id(_END))]
        steps.append(processors.TemplateProcessing(single=f"$A {_END}", special_tokens=special))
    tokenizer.post_processor = processors.Sequence(steps)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token=_STOP, pad_token=_END, padding_side="left", model_max_length=32768
    )


def pieces() -> PreTrainedTokenizerFast:
    """A tokenizer as XLM-RoBERTa's: words of SENTENCES, and every character."""
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    texts = [*SENTENCES.values(), "query: passage: ", *QUERIES]
    characters = sorted({"▁"}.union(*texts) - {" "})
    words = sorted({"▁" + word for text in texts for word in text.split()} - set(characters))
    scored = [*((piece, 0.0) for piece in special), *((word, -5.0) for word in words)]
    scored += [(character, -9.0) for character in characters]
    tokenizer = Tokenizer(models.Unigram(scored, unk_id=3, byte_fallback=False))
    tokenizer.add_special_tokens(special)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return _wrapped(tokenizer, special, bos_token="<s>", pad_token="<pad>", eos_token="</s>", unk_token="<unk>")


def word_pieces() -> PreTrainedTokenizerFast:
    """A tokenizer as BERT's."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(vocab_size=800, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator([*SENTENCES.values(), *QUERIES], trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return _wrapped(tokenizer, special, cls_token="[CLS]", sep_token="[SEP]", pad_token="[PAD]", unk_token="[UNK]")


def _wrapped(tokenizer: Tokenizer, special: Sequence[str], **tokens: str) -> PreTrainedTokenizerFast:
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, padding_side="right", model_max_length=512, **tokens)


def qwen3_embedding(folder: Path) -> Path:
    """Qwen3-Embedding: last token, prompt for queries only, any dimension from 32."""
    torch.manual_seed(11)
    _save(folder, Qwen3Model(_qwen3(tokenizer := byte_pairs(end=True))), tokenizer)
    return _layout(folder, "lasttoken", {"query": QWEN_PROMPT, "document": ""}, normalize=True)


def zembed(folder: Path, *, published: bool = True) -> Path:
    """zembed-1: a suffix that its own module appends; unless `published`, the stock module in its place."""
    torch.manual_seed(12)
    _save(folder, Qwen3Model(_qwen3(tokenizer := byte_pairs(end=False))), tokenizer)
    _layout(folder, "lasttoken", {"query": ZEMBED_QUERY, "document": ZEMBED_PASSAGE}, normalize=True)
    change(folder / "config_sentence_transformers.json", suffix=ZEMBED_SUFFIX)
    if published:
        code = (
            "from sentence_transformers.models import Transformer\n"
            "class ZembedTransformer(Transformer):\n"
            "    def tokenize(self, texts, **options):\n"
            f"        texts = [text + {ZEMBED_SUFFIX!r} for text in texts]\n"
            "        return self.tokenizer(texts, padding=True, truncation=True, return_tensors='pt')\n"
        )
        (folder / "modeling_zembed.py").write_text(code, encoding="utf-8")
        modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
        modules[0]["type"] = "modeling_zembed.ZembedTransformer"
        (folder / "modules.json").write_text(json.dumps(modules), encoding="utf-8")
    return folder


def qzhou(folder: Path) -> Path:
    """QZhou-Embedding: a Qwen2 network whose configuration does not say that it reads in both directions."""
    torch.manual_seed(13)
    tokenizer = byte_pairs(end=False)
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        **SIZES,
        num_key_value_heads=2,
        bos_token_id=0,
        eos_token_id=2,
    )
    _save(folder, Qwen2Model(config), tokenizer)
    return _layout(folder, "mean", {"query": QWEN_PROMPT}, normalize=False)


def e5(folder: Path) -> Path:
    """multilingual-e5: XLM-RoBERTa, mean of all states."""
    torch.manual_seed(14)
    tokenizer = pieces()
    _save(folder, XLMRobertaModel(_xlm_roberta(tokenizer)), tokenizer)
    return _layout(folder, "mean", {"query": "query: ", "passage": "passage: "}, normalize=True)


def bge_m3(folder: Path) -> Path:
    """bge-m3: XLM-RoBERTa, the first state, no prompts."""
    torch.manual_seed(18)
    tokenizer = pieces()
    _save(folder, XLMRobertaModel(_xlm_roberta(tokenizer)), tokenizer)
    return _layout(folder, "cls", {}, normalize=True)


def labse(folder: Path) -> Path:
    """LaBSE: BERT, the first state through a dense layer."""
    torch.manual_seed(15)
    tokenizer = word_pieces()
    config = BertConfig(
        vocab_size=len(tokenizer),
        **SIZES,
        max_position_embeddings=512,
    )
    _save(folder, BertModel(config), tokenizer)
    _layout(folder, "cls", {}, normalize=True, dense=True)
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 256, "do_lower_case": false}')
    return folder


def qwen3_reranker(folder: Path) -> Path:
    """Qwen3-Reranker and zerank-2: a causal language model."""
    torch.manual_seed(16)
    _save(folder, Qwen3ForCausalLM(_qwen3(tokenizer := byte_pairs(end=False))), tokenizer)
    return folder


def bge_reranker(folder: Path) -> Path:
    """bge-reranker-v2-m3: XLM-RoBERTa with one logit for a pair."""
    torch.manual_seed(17)
    tokenizer = pieces()
    config = _xlm_roberta(tokenizer)
    config.num_labels = 1
    _save(folder, XLMRobertaForSequenceClassification(config), tokenizer)
    return folder


def change(path: Path, **values: object) -> None:
    """Set keys of a JSON file; None removes one."""
    content = json.loads(path.read_text(encoding="utf-8")) | values
    kept = {key: value for key, value in content.items() if value is not None}
    path.write_text(json.dumps(kept), encoding="utf-8")


def _qwen3(tokenizer: PreTrainedTokenizerFast) -> Qwen3Config:
    return Qwen3Config(
        vocab_size=len(tokenizer),
        **SIZES,
        num_key_value_heads=2,
        head_dim=16,
        max_position_embeddings=32768,
        tie_word_embeddings=True,
        bos_token_id=0,
        eos_token_id=2,
    )


def _xlm_roberta(tokenizer: PreTrainedTokenizerFast) -> XLMRobertaConfig:
    return XLMRobertaConfig(
        vocab_size=len(tokenizer),
        **SIZES,
        max_position_embeddings=514,
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
        type_vocab_size=1,
    )


def _save(folder: Path, network: Any, tokenizer: PreTrainedTokenizerFast) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    # New networks have zero biases and weights of 1 in their norms; trained ones do not.
    with torch.no_grad():
        for name, value in network.named_parameters():
            if name.endswith("bias") or "norm" in name.lower():
                value.add_(torch.randn_like(value) * 0.2)
    network.eval().save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _layout(folder: Path, pooling: str, prompts: dict[str, str], *, normalize: bool, dense: bool = False) -> Path:
    """The files of sentence-transformers beside a network."""
    kinds = ["Transformer", "Pooling", *["Dense"] * dense, *["Normalize"] * normalize]
    modules = []
    for i, kind in enumerate(kinds):
        path = f"{i}_{kind}" if i else ""
        (folder / path).mkdir(exist_ok=True)
        modules.append({"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"})
    names = {"lasttoken": "lasttoken", "mean": "mean_tokens", "cls": "cls_token"}
    modes = {f"pooling_mode_{name}": mode == pooling for mode, name in names.items()}
    _write(folder / "modules.json", modules)
    _write(folder / "1_Pooling/config.json", {"word_embedding_dimension": WIDTH, "include_prompt": True, **modes})
    _write(folder / "config_sentence_transformers.json", {"prompts": prompts, "default_prompt_name": None})
    if dense:
        activation = "torch.nn.modules.activation.Tanh"
        sizes = {"in_features": WIDTH, "out_features": WIDTH, "bias": True, "activation_function": activation}
        _write(folder / "2_Dense/config.json", sizes)
        weights = {"linear.weight": torch.randn(WIDTH, WIDTH) / 8, "linear.bias": torch.randn(WIDTH) / 8}
        save_file(weights, folder / "2_Dense/model.safetensors")
    return folder


def _write(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
