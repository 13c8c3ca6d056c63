"""What stands under the headings of a task's report: how its numbers are made, and from where in the papers they are known."""

AVERAGES = (
    "1: every stolen suspect scores higher than every irrelevant one; 0.5: chance. The average is the mean over the "
    "attacks that the papers average (transfer apart). A diamond is the papers' value."
)
MAIN = (
    "Measured AUC [95 % interval], and the paper's value where it prints one. A dash: does not apply. average: the mean "
    "over the attacks that the papers average (transfer apart); pooled: their suspects together."
)
AGREEMENT = (
    "inside: the paper's value lies in the 95 % interval, at the paper's precision. Wide intervals hold much, so the "
    "gap itself stands beside it. A cell could fail unless its interval holds all from chance to 1, or every "
    "fingerprint of the paper is at 0.99 or more there."
)
PUBLISHED = "AUC, p-value and F1, each measured and as printed."
DETAIL = (
    "error by suspects, by probes: the standard errors that their draw gives the AUC. p-value: two-sided t-test of "
    "stolen against irrelevant scores, and the side the stolen ones are on. F1: the threshold is the highest score of "
    "four irrelevant models, which are then no negatives; the mean over all choices of four, one of each architecture "
    "where there are four. midpoint: the rule of SAC-JC, section 3.2. TPR: a dash where there are fewer than 20 "
    "irrelevant models, of which no threshold flags 5 %."
)
SCORES = (
    "The threshold is the mean over all choices of four irrelevant models. Transfer has irrelevant models of its own. "
    "Point at a dot, or reach it with Tab and the arrow keys, for its name and score."
)
ARCHITECTURES = "Suspects of one architecture against irrelevant models of the same one."
PRUNING = (
    "ratio: the share of channels removed. agreement: the share of plain images that a pruned model answers as the "
    "source does. The points of one run are not independent."
)
COUNTS = "SAC-JC, Figure 4, for {name}."
GALLERY = (
    "n of SAC-JC's Eq. 6, the bits of a target's feature; count: the number of targets. n = 50 asks about the few "
    "people who have 51 pictures, and each of them more often: the step to it changes more than n."
)
CORRUPTIONS = (
    "SAC-JC, Figure 2. The same number of probes for each; the intervals treat suspects as drawn, and probes where "
    "all of a method's probes are used and were redrawn."
)
PROBES = "eligible: images that qualify, of those in the pool. before and after: quantisation to 8 bits a channel."
SUCCESS = (
    "The success rate of a method's probes, the mean over suspects: answers like the source's, or for a watermark the "
    "target class."
)
ACCURACY = (
    "SAC-JC, Table 3. images, classes: of the training set. Training accuracy is on the labels that a model learned: "
    "1 means converged."
)
COMPARISONS = "SAC-JC, Table 11, for more methods of probes: AUC by attack."
CURVE = (
    "Comparisons that take out what references explain, by how many references there are. innocents: irrelevant models, "
    "cross-fitted; owner: models that the owner trains on his query share. Drawn for the probes `wrong`; a curve's band "
    "is the least and the most over choices of references."
)
ACCUSATIONS = (
    "A conformal p-value is (1 + references that score at least as high) / (n + 1). innocent: the share of irrelevant "
    "models accused at a nominal level, which should not exceed it; where it does, references and suspects are not "
    "exchangeable, and the p-value is no error rate. found: the share of copies accused. least: the least p-value "
    "that so many references can give."
)
VERIFICATION = (
    "Face verification: training accuracy is the share of pictures to which their person's centre is nearest, for "
    "distilled models the mean cosine to the source's embeddings; test accuracy is on pairs of other people."
)
WATERMARKED = "EWE needs a source of its own: its column judges another zoo, stolen from the watermarked twin of this task."
DRAWN = (
    "Intervals treat suspects as drawn within their attack and architecture, a training run with all its variants as "
    "one, and probes as drawn where scores of redraws exist."
)
CONDITIONAL = "The task has one source: its intervals do not cover the draw of sources."
SOURCES = "The task has {sources} sources, drawn too: AUCs are means over them."
EXPLORATORY = "Fingerprints marked * were found on these data: exploratory."
