import Graph
import Recipes
import Source

/// Reads the clauses of a `training of` definition; the loss becomes a part of the elaborator's graph.
struct TrainingElaborator {
    let elaborator: Elaborator
    let definition: NetworkTraining

    /// The clauses with a keyword that may be given once, by that word; one that is given twice is reported.
    private func settings() -> [String: (word: NameSyntax, arguments: [ArgumentSyntax])] {
        var settings: [String: (word: NameSyntax, arguments: [ArgumentSyntax])] = [:]
        for case .setting(let word, let arguments) in definition.clauses where word.text != Self.groupWord {
            if let other = settings[word.text] {
                elaborator.report(
                    "`\(word.text)` is given twice", at: word.span, secondary: [Diagnostic.Label(other.word.span, "first given here")],
                    help: "remove one of them")
                continue
            }
            settings[word.text] = (word, arguments)
        }
        return settings
    }

    /// Adds the targets and the loss to the graph, and returns the rest as a recipe. Call after the network's body.
    func elaborate() -> TrainingRecipe {
        elaborator.frame.kind = .training
        for case .target(let name, let syntax) in definition.clauses {
            guard let type = elaborator.type(syntax) else {
                elaborator.bind(name, .poison)
                continue
            }
            elaborator.bind(name, .tensor(elaborator.builder.input(name.text, type, span: name.span.joined(to: syntax.span))))
        }
        requireFeedableInputs()
        requireClauses()
        loss()
        return recipe()
    }

    /// What every training needs, with an example of each.
    private static let requiredClauses = [
        ("loss", "loss cross_entropy(logits, label)"), ("optimizer", "optimizer sgd(momentum: 0.9)"),
        ("schedule", "schedule constant(rate: 0.01)"),
    ]

    private func requireClauses() {
        let given = definition.clauses.map { clause in
            switch clause {
            case .target: "target"
            case .loss: "loss"
            case .setting(let word, _): word.text
            }
        }
        let missing = Self.requiredClauses.filter { !given.contains($0.0) }
        // A clause that could not be read may be the one that is missing.
        let isDamaged = elaborator.known.contains { span in
            span.file == definition.span.file && definition.span.range.contains(span.range.lowerBound)
        }
        guard !missing.isEmpty, !isDamaged else { return }
        elaborator.report(
            "the training has no \(missing.map(\.0).joined(separator: ", no "))", at: definition.network.span,
            help: "write " + missing.map { "`\($0.1)`" }.joined(separator: ", "))
    }

    private func loss() {
        let losses = definition.clauses.compactMap { clause -> (ExpressionSyntax, Span)? in
            if case .loss(let value, let keyword) = clause { (value, keyword) } else { nil }
        }
        guard let (value, _) = losses.first else { return }
        for (_, keyword) in losses.dropFirst() {
            elaborator.report("`loss` is given twice", at: keyword, help: "add the losses: `loss a + 0.4 * b`")
        }
        let result = elaborator.evaluate(value)
        guard case .tensor(let tensor) = result else {
            if !result.isPoison { elaborator.report("a loss must be a tensor, not \(elaborator.phrase(result))", at: value.span) }
            return
        }
        let type = elaborator.builder.type(of: tensor)
        guard type == .f32() else {
            elaborator.report("a loss must be one number f32[], not \(type)", at: value.span, help: "average it with `mean`")
            return
        }
        if elaborator.builder.graph.outputs.contains(where: { $0.name == Self.lossOutput }) {
            elaborator.report("an output of the network is called `\(Self.lossOutput)`", at: value.span, help: "rename the output")
            return
        }
        elaborator.builder.output(Self.lossOutput, tensor)
    }

    static let lossOutput = "loss"

    private func recipe() -> TrainingRecipe {
        var recipe = TrainingRecipe(lossOutput: Self.lossOutput)
        let settings = settings()
        if let (word, arguments) = settings["optimizer"], let optimizer = single(arguments, word, Optimizer.self) {
            recipe.optimizer = optimizer
        }
        if let (word, arguments) = settings["schedule"], let schedule = single(arguments, word, Schedule.self) {
            recipe.schedule = schedule
        }
        if let (word, arguments) = settings["clip"] { recipe.clip = clip(arguments, word) }
        recipe.groups = groups()
        if let (word, arguments) = settings["average"] { recipe.average = single(arguments, word, WeightAverage.self) }
        if let (word, arguments) = settings["accumulate"] { recipe.accumulation = integer(arguments, word, 1...65_536) ?? 1 }
        if let (word, arguments) = settings["stop"], let values = elaborator.values(arguments, of: EarlyStopping.parameters, word) {
            recipe.stopping = EarlyStopping(
                patience: values.integer("patience"),
                minimumChange: values["minimum_change"].map { _ in values.number("minimum_change") } ?? 0)
        }
        if let (word, arguments) = settings["keep"] { recipe.keepsBest = keepsBest(arguments, word) }
        if let (word, arguments) = settings["batch"], let count = integer(arguments, word, 1...65_536) {
            recipe.batchSize = count
            requireBatch(count, word)
        }
        if let (word, arguments) = settings["seed"] { recipe.seed = integer(arguments, word, 0...Double(Int32.max)) }
        if let (_, arguments) = settings["augment"] { recipe.augmentations = augmentations(arguments) }
        if let (word, arguments) = settings["normalize"] {
            recipe.normalization = normalization(arguments, word)
            refuseSecondNormalization(word)
        }
        return recipe
    }

    /// An input's `prepare` may say mean and deviation as well, and only one of the two can be meant.
    private func refuseSecondNormalization(_ word: NameSyntax) {
        guard
            let input = elaborator.builder.graph.nodes.first(where: {
                $0.preparation?.normalization != nil
            })
        else { return }
        elaborator.report(
            "mean and deviation are given twice", at: word.span,
            secondary: [Diagnostic.Label(input.span, "this input's `prepare` gives them too")],
            help: "remove `normalize`: what an input declares counts for running, training and evaluating"
        )
    }

    private func single<Row: Form>(_ arguments: [ArgumentSyntax], _ word: NameSyntax, _ kind: Row.Type) -> Chosen<Row>? {
        guard let first = arguments.first else { return nil }
        if arguments.count > 1 || first.name != nil {
            elaborator.report(
                "`\(word.text)` takes one \(kind.kind)", at: word.span, help: "write `\(word.text) \(kind.all[0].name)(…)`")
            return nil
        }
        return elaborator.make(first.value, of: kind)
    }

    /// Reads `keep best`.
    private func keepsBest(_ arguments: [ArgumentSyntax], _ word: NameSyntax) -> Bool {
        if arguments.count == 1, arguments[0].name == nil, case .name("best") = arguments[0].value.kind { return true }
        elaborator.report("what is to be kept?", at: word.span, help: "write `keep best`: the weights of the best epoch")
        return false
    }

    private func integer(_ arguments: [ArgumentSyntax], _ word: NameSyntax, _ range: ClosedRange<Double>) -> Int? {
        elaborator.values(arguments, of: [.integer(word.text, range)], word)?.integer(word.text)
    }

    /// `clip norm 1.0` is read as an argument `norm: 1.0`.
    private func clip(_ arguments: [ArgumentSyntax], _ word: NameSyntax) -> Chosen<Clip>? {
        guard arguments.count == 1, let argument = arguments.first, let name = argument.name, let form = Clip.named(name.text) else {
            elaborator.report("what is to be clipped?", at: word.span, help: "write `clip norm 1.0` or `clip value 0.5`")
            return nil
        }
        return elaborator.choose(form, [ArgumentSyntax(name: nil, value: argument.value)], name)
    }

    private func normalization(_ arguments: [ArgumentSyntax], _ word: NameSyntax) -> PixelScale? {
        let evaluated = arguments.map { EvaluatedArgument(name: $0.name, value: elaborator.evaluate($0.value), span: $0.value.span) }
        let formals = ["mean", "std"].map { FormalParameter(name: $0, isRequired: true) }
        guard let matched = elaborator.match(evaluated, to: formals, of: word, at: word.span)?.compactMap({ $0 }) else { return nil }
        return elaborator.normalization(matched[0], matched[1], at: word.span)
    }
}
