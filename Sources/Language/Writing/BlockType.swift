import Graph

/// A block that a source defines: what several of its calls have in common.
final class BlockType {
    struct Parameter {
        var name: String
        /// What it is where a call does not say; nil where each must.
        var byDefault: Term?
    }

    /// One of its calls, after which it is written.
    let model: BlockInstance
    var instances: [BlockInstance]
    /// For each instance where the steps of the model are in it; nil for those that it lacks.
    private(set) var places: [[Int?]]
    /// The steps that not all instances have.
    var optional: OptionalPart?
    /// Tells it apart.
    var number = 0
    var name = ""
    var parameters: [Parameter] = []
    /// The arguments of its steps that its parameters decide.
    var substitutions: [Slot: Term] = [:]

    /// An argument of a step.
    struct Slot: Hashable {
        var step: Int
        var argument: Int
    }

    init(_ instances: [BlockInstance], model: BlockInstance) {
        self.instances = instances
        self.model = model
        let all: [Int?] = Array(model.body.steps.indices)
        places = instances.map { _ in all }
    }

    /// Takes in the calls of another type, which is the same without some steps.
    func join(_ other: BlockType, lacking optional: OptionalPart) {
        self.optional = optional
        var next = 0
        let places = model.body.steps.indices.map { index -> Int? in
            if optional.steps.contains(index) { return nil }
            next += 1
            return next - 1
        }
        instances += other.instances
        self.places += other.instances.map { _ in places }
        let sorted = zip(instances, self.places).sorted { ($0.0.step?.order ?? 0) < ($1.0.step?.order ?? 0) }
        instances = sorted.map(\.0)
        self.places = sorted.map(\.1)
    }

    /// How much it says: its steps but for declarations.
    var size: Int { model.body.steps.count { !$0.isDeclaration } }

    /// Whether it declares a parameter or state, so that it has to be a block of its own.
    var isNeeded: Bool { model.body.steps.contains(where: \.isDeclaration) }

    static func inputName(_ index: Int) -> String { index < 3 ? ["x", "y", "z"][index] : "x\(index + 1)" }

    /// The steps of its body, with labels and arguments as the definition has them.
    var steps: [OutlineStep] {
        var steps = model.body.steps.enumerated().map { index, step in
            let copy = step.copy()
            if model.path.contains(SharedTowers.mark) { copy.isShared = false }
            // Of activations that are parameters the default label is not known any more.
            let isNamed = step.isDeclaration || step.needsLabel
            copy.label = isNamed ? Array(step.label.dropFirst(model.depth)) : []
            for argument in copy.arguments.indices {
                if let term = substitutions[Slot(step: index, argument: argument)] { copy.arguments[argument].value = term }
            }
            return copy
        }
        guard let optional, let last = optional.steps.last else { return steps }
        // What not all have is one step where its last one stands.
        let inner = optional.steps.map { steps[$0] }
        let choice = OutlineStep(
            .optional(OptionalSteps(condition: optional.name, steps: inner, input: optional.input, output: optional.output)),
            order: steps[last].order, results: [optional.output])
        let made = Set(inner.flatMap { $0.results.compactMap(\.self) })
        let inputs = Set(inner.flatMap { $0.inputs.compactMap(\.wire) } + [optional.input]).subtracting(made)
        choice.operands = inputs.sorted().map(Operand.wire)
        steps[last] = choice
        return steps.indices.filter { $0 == last || !optional.steps.contains($0) }.map { steps[$0] }
    }

    /// The definition.
    func source(_ outline: Outline) -> String {
        let inputs = model.body.inputs.enumerated().map { (wire: $1, name: Self.inputName($0)) }
        let steps = steps
        var names = TakenNames(Set(inputs.map(\.name) + parameters.map(\.name)))
        for step in steps { if case .parameter = step.callee, let name = step.label.last { names.take(name) } }
        var writer = BodyWriter(outline, names, inputs: inputs)
        var body = OutlineBody(steps: steps, inputs: model.body.inputs, results: model.body.results)
        if !names.has(OutlineLoop.variable) { body.steps = LoopFinder.folded(body) }
        writer.write(body)
        if body.results.count == 1 {
            writer.result(body.results[0], front: "")
        } else {
            writer.say("(\(writer.texts(body.results).joined(separator: ", ")))")
        }
        let first = inputs.isEmpty ? ["_x"] : inputs.map(\.name)
        let formals = first + parameters.map { $0.name + ($0.byDefault.map { " = \($0.text(outline.symbols).text)" } ?? "") }
        return "block \(name)(\(formals.joined(separator: ", "))) {\n\(writer.statements.joined(separator: "\n"))\n}"
    }
}
