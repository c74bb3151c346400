import Graph

extension Augmentation {
    public static let cutmix = Augmentation(
        "cutmix", [.number("alpha", BetaDistribution.range, default: 1), probability(1)], stream: 65,
        "a rectangle of each picture comes from a partner of its batch: `1 - w` of the area, with one `w` of Beta(alpha, alpha) a batch, less "
            + "what lies outside of the picture; the labels are weighted by the areas, and must be f32[N, classes]",
        source: "Yun et al., arXiv 1905.04899; `CutMix`",
        .batch { values in
            let distribution = BetaDistribution(alpha: values.number("alpha"))
            return { random, height, width in
                let side = (1 - distribution.draw(&random)).squareRoot()
                let (row, column) = (random.below(height), random.below(width))
                return .paste(
                    .about(
                        row: row, column: column, high: Int(side * Double(height)), wide: Int(side * Double(width)), inHeight: height,
                        width: width))
            }
        })
}
