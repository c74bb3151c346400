/// Correct kernels for every group that has no register-blocked contraction: element-wise nodes, reductions, windows, views, and any
/// contraction whose operands do not lie in memory as `ContractionLowering` needs them.
enum GeneralLowering {
    static func lower(_ group: Group, target: Target) -> LoweredGroup { preconditionFailure("the general lowering follows") }
}
