/// Whose design a processor is, where the same instructions are started at other rates.
public enum ProcessorMaker: Sendable {
    case amd, intel, other

    /// - Parameter processor: the code generator's name, such as `znver4`. It is `x86-64` or `generic` for one that the code generator
    ///   does not know yet, so features that only AMD's have count too.
    public init(processor: String, features: FeatureList, isX86: Bool) {
        guard isX86 else {
            self = .other
            return
        }
        let names = ["znver", "bdver", "btver", "amdfam"]
        self = names.contains(where: processor.hasPrefix) || features.contains("sse4a") || features.contains("clzero") ? .amd : .intel
    }
}
