"""What the names in tables mean, one sentence each, for readers who meet them there first."""

PAPERS = {
    "SAC-w": "SAC on images that the source and its surrogates get wrong (NeurIPS 2022).",
    "SAC-m": "SAC on images with a patch of another one pasted in, CutMix (NeurIPS 2022).",
    "SAC-JC": "SAC on strongly JPEG-compressed images.",
    "SAC-Clean": "SAC on plain images.",
    "SAC-CAE": "SAC on CAE's adversarial examples.",
    "AKH": "How many misclassified images a suspect answers with the source's label.",
    "Logit cosine": "The mean cosine of source's and suspect's logits on misclassified images.",
    "WP-JC": "How often a suspect errs on wrongly answered, compressed images.",
    "IPGuard": "How many adversarial points near the source's boundary keep their label.",
    "CAE": "How many conferrable adversarial examples get the intended label.",
    "EWE": "How many triggers of an entangled watermark a suspect answers as taught; it needs a source of its own.",
    "ModelDiff": "How alike source and suspect react to adversarial changes, as decision distances.",
    "Linear CKA": "Linear centred kernel alignment of the answers.",
    "Procrustes": "How well one set of answers is turned onto the other.",
    "Distance correlation": "The distance correlation of the answers.",
    "Partial": "Correlation of answers after what reference models explain is taken out.",
    "Pointwise partial": "The same, probe by probe.",
    "Label likelihood": "The likelihood of a suspect's labels if copied, against references'.",
    "FRI cosine": "The cosine of the bits that a verifier answers about targets.",
    "Acceptance rate": "How often a model says that two pictures show one person.",
}
QUALIFIERS = {
    "softmax": "On probabilities instead of logits.",
    "Gaussian": "With the Gaussian kernel instead of the cosine.",
    "Pearson*": "With Pearson's correlation; found on these data, so exploratory.",
    "corner": "With a small patch in a corner, as in the authors' code.",
    "innocents": "References: irrelevant models, cross-fitted.",
    "owner": "References: the owner's own models.",
    "owner other": "References: the owner's models of other architectures than the suspect's.",
    "n = 50": "Beside 50 pictures of a person.",
}
ATTACKS = {
    "source": "the owner's model",
    "irrelevant": "trained without the source",
    "irrelevant_transfer": "irrelevant, on the transfer task's images",
    "surrogates": "the owner's copies, to make probes",
    "irrelevant_corrupted": "irrelevant, on corrupted images",
    "references": "the owner's models that surely are no copies",
    "finetune_all": "all layers tuned on the thief's images",
    "finetune_last": "the last layer tuned",
    "prune": "channels removed, then tuned",
    "extract_label": "a fresh model trained on the source's labels",
    "extract_prob": "a fresh model trained on the source's probabilities",
    "extract_adv": "label extraction followed by adversarial training",
    "transfer_all": "tuned to other classes, all layers",
    "transfer_last": "tuned to other classes, the last layer",
    "transfer_corrupted": "tuned to corrupted images",
    "distill": "a verifier trained on the source's embeddings",
    "adversarial_training": "tuned on adversarial pictures",
    "average": "the mean over the attacks that the papers average, transfer apart",
    "pooled": "their suspects together",
}


def explained(name: str) -> str:
    """What a fingerprint of this name does; empty for one that nobody described."""
    base, *parts = name.partition(" (")[0].split(", ")
    known = [PAPERS.get(base, ""), *(QUALIFIERS.get(part, "") for part in parts)]
    return " ".join(filter(None, known)) if known[0] else ""


def meaning(name: str) -> str:
    """What an attack, or a fingerprint, of this name is; empty if unknown."""
    return ATTACKS.get(name) or explained(name)
