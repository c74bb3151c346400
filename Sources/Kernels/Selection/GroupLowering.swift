import LoopNest

extension Group {
    /// The group's kernels for a target: register-blocked ones for what is around a contraction (convolutions, linear layers and their
    /// gradients) wherever an algorithm takes it, and for attention.
    ///
    /// - Parameter tuned: what measurements chose, which comes before what the cost model says.
    public func lowered(for target: Target, _ numerics: Numerics = .standard, _ tuned: TunedChoices = .none) -> LoweredGroup {
        if let attention = AttentionNest(self, target: target, numerics: numerics) { return attention.lower() }
        let problem = ContractionProblem(self, target: target, numerics: numerics)
        return problem.flatMap { ContractionSelection($0).lower(tuned) } ?? GeneralLowering.lower(self, target: target)
    }
}
