import LoopNest

extension Group {
    /// The group's kernels for a target.
    ///
    /// - Parameter tuned: what measurements chose; the cost model decides the rest.
    public func lowered(for target: Target, _ numerics: Numerics = .standard, _ tuned: TunedChoices = .none) -> LoweredGroup {
        ContractionLowering.lower(self, target: target, numerics: numerics, tuned: tuned) ?? GeneralLowering.lower(self, target: target)
    }
}
