import Graph

extension Augmentation {
    public static let mixup = Augmentation(
        "mixup", [.number("alpha", BetaDistribution.range, default: 0.2), probability(1)], stream: 64,
        "each picture becomes `w * picture + (1 - w) * partner`, and so does its label, with one `w` of Beta(alpha, alpha) and one permutation "
            + "of the pictures a batch; the label must be f32[N, classes]",
        source: "Zhang et al., arXiv 1710.09412; `MixUp`",
        .batch { values in
            let distribution = BetaDistribution(alpha: values.number("alpha"))
            return { random, _, _ in .blend(share: distribution.draw(&random)) }
        })
}
