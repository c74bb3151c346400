import Foundation
import Graph
import Interchange
import Recipes

/// How trained weights are tuned for other data, as fast.ai's `fine_tune` does it: at first the head alone, with all before it frozen, then
/// all weights, at rates that rise from layer to layer up to the head's.
///
/// Howard & Gugger, arXiv 2002.04688; Howard & Ruder, arXiv 1801.06146 (discriminative rates).
public struct FineTuning: Equatable, Sendable {
    /// Parameters that begin anew, and are not taken from the file, in the order of the graph.
    public let anew: [String]
    /// The weights that are trained from the start on.
    public let head: [String]
    /// All others, which are frozen at first.
    public let body: [String]

    /// Finds what of a network is its head.
    ///
    /// Anew begin the parameters that `patterns` name, the layers that do not fit the file, parameters that only the training has where the
    /// file lacks them, and, where neither patterns nor shapes say what the head is, the last layer if the classes are others. The last layer
    /// is a part of the head, unless patterns name one.
    ///
    /// - Parameters:
    ///   - network: inputs to outputs.
    ///   - training: the same with what only the training has.
    ///   - hasOtherClasses: whether the data have other classes than the file is for, as far as their names say.
    /// Throws where a pattern matches no weight, or all weights would begin anew.
    public init(
        _ network: Graph, training: Graph, file: WeightsFile, patterns: [String], hasOtherClasses: Bool
    ) throws(TrainingError) {
        let own = Set(network.nodes.compactMap { $0.parameter?.name })
        let parameters = training.nodes.compactMap { node in
            node.parameter.map { (name: $0.name, role: $0.role, extents: node.type.shape.extents) }
        }
        let weights = parameters.filter { $0.role == .weight }.map(\.name)
        for text in patterns where !weights.contains(where: NamePattern(text).matches) {
            throw TrainingError("'\(network.name)' has no weight --head '\(text)'", repair: "see braid describe for their names")
        }
        let named = patterns.map(NamePattern.init)
        // Extents that the pictures' size decides on are compared when the weights are read.
        let otherShapes = parameters.filter { name, _, extents in
            guard let entry = file[name], let extents else { return false }
            return entry.shape != extents
        }
        let otherLayers = Set(otherShapes.map { Self.layer(of: $0.name) })
        let last = named.isEmpty ? Self.lastLayer(of: network) : nil
        let replacesLast = hasOtherClasses && otherShapes.isEmpty
        let anew = parameters.map(\.name).filter { name in
            let layer = Self.layer(of: name)
            return named.contains { $0.matches(name) } || otherLayers.contains(layer) || replacesLast && layer == last
                || file[name] == nil && !own.contains(name)
        }
        let isNew = Set(anew)
        self.anew = anew
        head = weights.filter { isNew.contains($0) || Self.layer(of: $0) == last }
        let isHead = Set(head)
        body = weights.filter { !isHead.contains($0) }
        guard weights.contains(where: { own.contains($0) && !isNew.contains($0) }) else {
            throw TrainingError(
                "nothing of \(file.path) fits '\(network.name)': all its weights would begin anew",
                repair: "name the weights of this network, or train it from the start with braid train")
        }
    }

    /// The parameters that begin anew as patterns of `Weights.load`.
    public var anewPatterns: [String] { anew.map(Self.escaped) }

    /// The label that a parameter belongs to: `layer1.0.conv1` of `layer1.0.conv1.weight`; a free parameter's own name.
    private static func layer(of name: String) -> Substring { name[..<(name.lastIndex(of: ".") ?? name.endIndex)] }

    /// The layer of the last weight on the way to the scores, which are the output `logits`, or else the first.
    private static func lastLayer(of graph: Graph) -> Substring? {
        guard let output = graph.outputs.first(where: { $0.name == "logits" }) ?? graph.outputs.first else { return nil }
        var isRead = [Bool](repeating: false, count: graph.nodes.count)
        isRead[output.value.index] = true
        var last: String?
        // Operands precede their users: whoever reads a node was seen before it.
        for value in graph.values.reversed() where isRead[value.index] {
            if last == nil, let parameter = graph[value].parameter, parameter.role == .weight { last = parameter.name }
            for operand in graph[value].operands { isRead[operand.index] = true }
        }
        return last.map(layer)
    }

    /// The recipe of the first phase: the body is frozen, and the rate rises over nearly all of it.
    public func frozenRecipe(_ recipe: TrainingRecipe, rate: Double) -> TrainingRecipe {
        var first = recipe
        first.schedule = Schedule.oneCycle(["peak": .number(rate), "rise": 0.99, "start_divisor": 25.0, "end_divisor": 4e3])
        if !body.isEmpty { first.groups = [WeightGroup("*", rate: 0)] + groups(head, factor: 1, recipe) }
        return first
    }

    /// How many times lower the rate of the first layers is where nobody says. fast.ai's is for Adam, whose steps are as long for small gradients as
    /// for large ones; the first layers' gradients are small already, so that they learned nothing at such rates with momentum alone.
    public static func usualRatio(of optimizer: Chosen<Optimizer>) -> Double { optimizer.form.isAdaptive ? 100 : 3 }

    /// The recipe of the second phase: the head at half the rate, the first layers at a part of that, one in `ratio`, and between them factors
    /// that grow evenly from one first part of the labels to the next.
    public func unfrozenRecipe(_ recipe: TrainingRecipe, rate: Double, ratio: Double) -> TrainingRecipe {
        var second = recipe
        second.schedule = Schedule.oneCycle(["peak": .number(rate / 2), "rise": 0.3, "start_divisor": 5.0, "end_divisor": 2e4])
        let parts = Self.parts(of: body)
        second.groups = recipe.groups
        for (index, part) in parts.enumerated() {
            let factor = pow(ratio, Double(index) / Double(parts.count) - 1)
            // Four digits are enough, and can be read.
            let rounded = max(1e-4, (factor * 1e4).rounded() / 1e4)
            second.groups += groups(body.filter { Self.part(of: $0) == part }, factor: rounded, recipe)
        }
        return second
    }

    /// The first part of a name.
    private static func part(of name: String) -> Substring { name.prefix { $0 != "." } }

    /// The first parts of names, each once, in their order.
    private static func parts(of names: [String]) -> [Substring] {
        var seen: Set<Substring> = []
        return names.map(part).filter { seen.insert($0).inserted }
    }

    /// Groups for some weights: by the first parts of their names where all below these are among them, else each by its name. What the
    /// recipe's groups say of them stays.
    private func groups(_ names: [String], factor: Double, _ recipe: TrainingRecipe) -> [WeightGroup] {
        let (all, chosen) = (head + body, Set(names))
        return Self.parts(of: names).flatMap { part in
            let members = all.filter { Self.part(of: $0) == part }
            let isWhole = members.allSatisfy { $0 != part && chosen.contains($0) && recipe.group(of: $0) == nil }
            if isWhole { return [WeightGroup("\(Self.escaped(String(part))).*", rate: factor)] }
            return members.filter(chosen.contains).map { name in
                let own = recipe.group(of: name)
                return WeightGroup(Self.escaped(name), rate: factor * (own?.rate ?? 1), weightDecay: own?.weightDecay)
            }
        }
    }

    /// A name as a pattern that matches it alone.
    private static func escaped(_ name: String) -> String {
        String(name.flatMap { "*?[\\".contains($0) ? ["\\", $0] : [$0] })
    }
}
