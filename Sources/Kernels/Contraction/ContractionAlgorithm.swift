/// An algorithm for contractions: a row of the table `ContractionAlgorithm.all`, which alone lists them.
///
/// A row stands beside its algorithm: `static let direct`, `winograd`, …
struct ContractionAlgorithm: Sendable {
    /// No other row has it.
    let name: String
    /// What multiplies and adds up its products.
    let unit: ProductUnit
    /// What its variants must be predicted to take less than, as a share of the time of the fastest variant with sums as they are
    /// written, where they are less exact than those: predictions are off by some percent.
    let worthwhileShare: Double
    /// Whether a name is that of a variant, of whatever problem.
    let isVariant: @Sendable (_ name: String) -> Bool
    /// The schedules of its variants; `Never` where there is nothing to measure.
    let schedule: any ContractionSchedule.Type
    /// The ways to compute a problem, each perhaps with an objection; none where the problem is of no kind that the algorithm takes.
    let variants: @Sendable (ContractionProblem) -> [any ContractionVariant]

    /// - Parameter isVariant: nil if the algorithm has one variant, which has its name.
    init<Variant: ContractionVariant>(
        _ name: String, unit: ProductUnit = .multiplyAdds, worthwhileShare: Double = 1, isVariant: (@Sendable (String) -> Bool)? = nil,
        variants: @escaping @Sendable (ContractionProblem) -> [Variant]
    ) {
        self.name = name
        self.unit = unit
        self.worthwhileShare = worthwhileShare
        self.isVariant = isVariant ?? { $0 == name }
        schedule = Variant.Schedule.self
        self.variants = variants
    }

    /// Whether schedules of the algorithm can be measured.
    var isTunable: Bool { schedule != Never.self }
}
