extension ContractionAlgorithm {
    /// Products of matrices of activations, whose columns are copied side by side first.
    static let matrixProduct = ContractionAlgorithm("matrix product", variants: MatrixProductVariant.all(of:))
}

/// A contraction by `MatrixProductNest`.
struct MatrixProductVariant: ContractionVariant {
    let problem: ContractionProblem
    private let nest: MatrixProductNest

    static func all(of problem: ContractionProblem) -> [MatrixProductVariant] {
        guard let shape = problem.phases.first, shape.isOfActivations,
            let nest = MatrixProductNest(shape, problem.group, problem.target, problem.numerics, name: problem.group.kernelName())
        else { return [] }
        return [MatrixProductVariant(problem: problem, nest: nest)]
    }

    let name = "matrix product"
    var cycles: Double? { nest.cycles }

    func lower(_ schedule: Never?, _ choice: AlgorithmChoice) -> LoweredGroup {
        LoweredGroup([nest.lower().computing(nest.shape, choice)])
    }
}
