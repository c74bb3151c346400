import Graph

/// Passes in the order in which they run.
public struct Pipeline: Sendable {
    public let name: String
    public let passes: [Pass]

    public init(name: String, passes: [Pass]) {
        self.name = name
        self.passes = passes
    }

    /// From a network to kernels' groups, to predict with.
    public static let inference = Pipeline(
        name: "inference",
        passes: [.decompose, .foldBatchnorm, .simplify, .assignLayouts, .fuse, .choosePrecision, .placeConcats, .keepSigns])

    /// From a network with its loss to one training step.
    public static let training = Pipeline(
        name: "training",
        passes: [
            .decompose, .poolFirst, .differentiate, .update, .simplify, .assignLayouts, .fuse, .choosePrecision, .placeConcats,
            .keepSigns,
        ])

    /// From a training step that was differentiated elsewhere, such as a printed one, to kernels' groups.
    public static let optimization = Pipeline(
        name: "optimization", passes: [.simplify, .assignLayouts, .fuse, .choosePrecision, .placeConcats, .keepSigns])

    /// From a network with its loss to what gradients and activations of a training step are like.
    public static let watching = Pipeline(
        name: "watching",
        passes: [
            .watchActivations, .decompose, .differentiate, .watchGradients, .simplify, .assignLayouts, .fuse, .choosePrecision,
            .placeConcats, .keepSigns,
        ])

    public static let all = [inference, training, optimization, watching]

    /// Where one pass must come before another, if a pipeline has both.
    public struct Constraint: Sendable {
        public let first: String
        public let second: String
        public let reason: String
    }

    public static let constraints = [
        Constraint(first: "decompose", second: "differentiate", reason: "composite operators have no gradient rules of their own"),
        Constraint(first: "pool_first", second: "differentiate", reason: "gradients are those of the maps that are kept"),
        Constraint(first: "decompose", second: "fold_batchnorm", reason: "normalization is an affine map only once it is decomposed"),
        Constraint(first: "decompose", second: "fuse", reason: "a composite operator has no kernel"),
        Constraint(first: "differentiate", second: "update", reason: "updates read the gradients that are outputs after differentiation"),
        Constraint(first: "watch_activations", second: "decompose", reason: "layers are known as their author wrote them"),
        Constraint(first: "differentiate", second: "watch_gradients", reason: "the gradients are outputs after differentiation"),
        Constraint(first: "watch_gradients", second: "assign_layouts", reason: "gradients take the weights' layouts"),
        Constraint(first: "differentiate", second: "simplify", reason: "derived gradients add zeros and multiply by ones"),
        Constraint(first: "fold_batchnorm", second: "simplify", reason: "folding leaves maps of constants"),
        Constraint(first: "fold_batchnorm", second: "assign_layouts", reason: "folded weights are new values that need layouts"),
        Constraint(first: "update", second: "assign_layouts", reason: "momentum and updated weights take the weight's layout"),
        Constraint(first: "simplify", second: "assign_layouts", reason: "simplify removes identity maps, which is what a relayout is"),
        Constraint(first: "decompose", second: "keep_signs", reason: "what a composite operator minds is known by what it is written with"),
        Constraint(first: "fold_batchnorm", second: "keep_signs", reason: "folding makes convolutions anew"),
        Constraint(first: "update", second: "keep_signs", reason: "what only updates read are gradients, of which no sign matters"),
        Constraint(first: "assign_layouts", second: "place_concats", reason: "only what is blocked alike can share memory"),
        Constraint(first: "fuse", second: "choose_precision", reason: "only what a kernel stores is rounded"),
        Constraint(first: "choose_precision", second: "place_concats", reason: "only what is stored alike can share memory"),
        Constraint(first: "fuse", second: "place_concats", reason: "only what a kernel stores has a place in memory"),
        Constraint(first: "assign_layouts", second: "fuse", reason: "whether a reshape is free depends on layouts"),
    ]
}

/// What one pass did.
public struct PassReport: Sendable {
    public var pass: String
    public var seconds: Double
    public var nodesBefore: Int
    public var nodesAfter: Int
    public var firings: [RuleFirings]

    /// One line: `simplify: 120 -> 97 nodes, 0.3 ms; identity 12, reshape_of_reshape 2`.
    public var text: String {
        let milliseconds = (seconds * 10_000).rounded() / 10
        let rules = firings.map { "\($0.rule) \($0.count)" }.joined(separator: ", ")
        return "\(pass): \(nodesBefore) -> \(nodesAfter) nodes, \(milliseconds) ms" + (rules.isEmpty ? "" : "; \(rules)")
    }
}

extension Pipeline {
    /// Runs the passes on `graph`, verifying it after each.
    ///
    /// - Parameters:
    ///   - last: the name of the pass to stop after; all run if it is nil.
    ///   - observe: called after each pass with the graph that it made: to dump, to report.
    public func run(
        _ graph: Graph, _ context: PassContext, stoppingAfter last: String? = nil, observe: (PassReport, Graph) -> Void = { _, _ in }
    ) throws(PassError) -> Graph {
        if let last, !passes.contains(where: { $0.name == last }) {
            let known = passes.map(\.name).joined(separator: ", ")
            throw PassError("the \(name) pipeline has no pass '\(last)'", repair: "it has \(known)")
        }
        var graph = graph
        for pass in passes {
            let start = ContinuousClock.now
            let before = graph.nodes.count
            graph = try pass.run(graph.withOwnOrigins, context)
            let duration = (ContinuousClock.now - start).components
            let violations = graph.violations()
            precondition(violations.isEmpty, "'\(pass.name)' broke '\(graph.name)': \(violations[0])")
            let seconds = Double(duration.seconds) + Double(duration.attoseconds) * 1e-18
            observe(
                PassReport(
                    pass: pass.name, seconds: seconds, nodesBefore: before, nodesAfter: graph.nodes.count, firings: context.firings.drain()),
                graph)
            if pass.name == last { break }
        }
        return graph
    }
}
