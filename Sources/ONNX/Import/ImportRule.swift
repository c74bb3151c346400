import Graph

/// How nodes of one of ONNX's operators become nodes of the graph: a row an operator, for those that are more than a form in the catalog (`ofForms`).
struct ImportRule: Sendable {
    let name: String
    /// Empty for ONNX's own.
    let domain: String
    /// The operator sets for which the rule is written.
    let sets: ClosedRange<Int>
    /// Whether equal nodes differ all the same, so that nothing is computed beforehand.
    let isRandom: Bool
    /// One result an output; throws why a node cannot be imported.
    let read: @Sendable (NodeScope) throws(ImportFault) -> [ImportedValue]

    init(
        _ name: String, domain: String = "", sets: ClosedRange<Int> = 1...newestSet, isRandom: Bool = false,
        _ read: @escaping @Sendable (NodeScope) throws(ImportFault) -> [ImportedValue]
    ) {
        self.name = name
        self.domain = domain
        self.sets = sets
        self.isRandom = isRandom
        self.read = read
    }

    /// The newest operator set that the rules were compared with.
    static let newestSet = 28

    /// All of them, in the order of the reference.
    /// Those that are written by hand go before those that follow from the catalog's rows.
    static let all: [ImportRule] =
        elementwise + activations + comparisons + products + convolutions + pooling + normalizations + reductions + shapes + indexing
        + resizing + quantization + losses + optimizers + control + ofActivations + ofForms

    private static let byName = Dictionary(grouping: all, by: \.name)

    /// The rule for an operator, as the operator set has it.
    static func named(_ name: String, domain: String, set: Int) -> ImportRule? {
        byName[name]?.first { $0.domain == domain && $0.sets.contains(min(set, newestSet)) && set >= $0.sets.lowerBound }
    }
}
