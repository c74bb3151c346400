import Foundation
import Graph
import Recipes
import Runtime

/// Looks at the gradients, activations and weights of a training beside its steps, layer by layer.
///
/// A program of its own computes the gradients of a batch, and what the activations are like, from the parameters as they are before the step.
/// It changes nothing of the training: neither its programs nor its bits.
public final class GradientWatch {
    /// A layer, by the names of the program's states that tell of it.
    public struct Layer: Sendable {
        public var name: String
        /// Where it stands in the source; 0 where that is not known.
        public var line: Int
        public var weights: [Weight]
        public var activations: [Activation]

        public init(name: String, line: Int, weights: [Weight], activations: [Activation]) {
            self.name = name
            self.line = line
            self.weights = weights
            self.activations = activations
        }
    }

    public struct Weight: Sendable {
        public var name: String
        /// How many rows it has as a matrix, of its first axis against all others; nil for a vector.
        public var rows: Int?
        /// Whether a run writes its gradient over it.
        public var isTrained: Bool

        public init(name: String, rows: Int?, isTrained: Bool) {
            self.name = name
            self.rows = rows
            self.isTrained = isTrained
        }
    }

    public struct Activation: Sendable {
        /// States of the same shape, an element for each plane or row: its mean, and the sum of squared distances from that.
        public var mean: String
        public var squaredDistances: String
        /// The elements of such a plane or row.
        public var count: Int
        /// The axis of the units in the states; nil for one unit.
        public var unitAxis: Int?
        /// The steepest slope of the activation function, and what at most counts as none.
        public var slope: (state: String, flatLimit: Double)?
        /// How many elements are saturated.
        public var saturated: String?

        public init(mean: String, squaredDistances: String, count: Int, unitAxis: Int?) {
            self.mean = mean
            self.squaredDistances = squaredDistances
            self.count = count
            self.unitAxis = unitAxis
        }
    }

    public struct Options: Sendable {
        public var schedule: WatchSchedule
        /// Whether largest singular values are found, too.
        public var findsSingularValues: Bool
        /// What ends the training.
        public var conditions: [StopCondition]

        public init(
            schedule: WatchSchedule = WatchSchedule(), findsSingularValues: Bool = false, conditions: [StopCondition] = []
        ) {
            self.schedule = schedule
            self.findsSingularValues = findsSingularValues
            self.conditions = conditions
        }
    }

    public let executable: Executable
    public let layers: [Layer]
    public let options: Options
    /// How many steps were watched in this run, and what that took, in seconds.
    public private(set) var steps = 0
    public private(set) var seconds = 0.0
    /// The weights as they were before the step that is looked at.
    private var before: [String: [Float]] = [:]

    /// - Parameter executable: has the inputs of the training step, as far as gradients need them, and its parameters beside states of its own.
    /// Throws where a condition speaks of what no layer has.
    public init(_ executable: Executable, layers: [Layer], options: Options) throws(TrainingError) {
        self.executable = executable
        self.layers = layers
        self.options = options
        for condition in options.conditions {
            let quantity = condition.quantity
            if quantity == WatchedQuantity.singular.name, !options.findsSingularValues {
                throw TrainingError(
                    "the condition '\(condition)' needs singular values, which are not watched", repair: "give --watch gradients,singular")
            }
            let having = layers.filter { $0.quantities.contains(quantity) }.map(\.name)
            guard !having.contains(where: { condition.layers?.matches($0) ?? true }) else { continue }
            throw TrainingError(
                "no layer that the condition '\(condition)' is about has '\(quantity)'",
                repair: having.isEmpty
                    ? "leave the condition out: no layer of this network has that"
                    : "name one of \(having.prefix(8).joined(separator: ", "))\(having.count > 8 ? ", …" : "")")
        }
    }

    /// Whether a step is watched.
    ///
    /// - Parameter number: counted from 1.
    func isDue(_ number: Int, place: (done: Int, count: Int)) -> Bool { options.schedule.isDue(number, place: place) }

    /// Looks at a batch before the step is done on it.
    ///
    /// - Parameters:
    ///   - program: has the parameters as they are.
    ///   - give: gives a program what the step is given.
    func look(before program: Executable, give: (Executable) -> Void) {
        let start = ContinuousClock.now
        unfailing { () throws(RuntimeError) in try executable.copyParameters(from: program) }
        for weight in layers.lazy.flatMap(\.weights) { before[weight.name] = Self.parameter(weight.name, of: program) }
        give(executable)
        executable.run()
        seconds += (ContinuousClock.now - start).seconds
    }

    /// What the batch that was looked at says of the layers, once the step is done: `program` has the parameters that it left.
    func measures(after program: Executable) -> [LayerMeasures] {
        let start = ContinuousClock.now
        defer {
            before = [:]
            seconds += (ContinuousClock.now - start).seconds
            steps += 1
        }
        return layers.map { layer in
            var measures = LayerMeasures()
            measureWeights(of: layer, after: program, &measures)
            measureActivations(of: layer, &measures)
            return measures
        }
    }

    /// The sum of squares in fp64, of eight parts side by side.
    private static func squares(_ values: [Float], minus others: [Float]? = nil) -> Double {
        values.withUnsafeBufferPointer { values in
            (others ?? []).withUnsafeBufferPointer { others in
                func value(_ index: Int) -> Double { Double(values[index]) - (others.isEmpty ? 0 : Double(others[index])) }
                var parts = SIMD8<Double>.zero
                let whole = values.count & ~7
                for start in stride(from: 0, to: whole, by: 8) {
                    var part = SIMD8<Double>.zero
                    for lane in 0..<8 { part[lane] = value(start + lane) }
                    parts += part * part
                }
                return (whole..<values.count).reduce(parts.sum()) { $0 + value($1) * value($1) }
            }
        }
    }

    private func state(_ name: String) -> [Float] { Self.parameter(name, of: executable) }

    private static func parameter(_ name: String, of executable: Executable) -> [Float] {
        unfailing { () throws(RuntimeError) in try executable.parameter(name, as: Float.self) }
    }

    private func measureWeights(of layer: Layer, after program: Executable, _ measures: inout LayerMeasures) {
        guard !layer.weights.isEmpty else { return }
        var (gradients, weights, changes) = (0.0, 0.0, 0.0)
        for weight in layer.weights {
            let before = self.before[weight.name] ?? []
            weights += Self.squares(before)
            if options.findsSingularValues, let rows = weight.rows {
                measures.singular = max(measures.singular ?? 0, LargestSingularValue.of(before, rows: rows))
            }
            guard weight.isTrained else { continue }
            gradients += Self.squares(state(weight.name))
            changes += Self.squares(Self.parameter(weight.name, of: program), minus: before)
        }
        measures.weight = weights.squareRoot()
        guard layer.isTrained else { return }
        measures.gradient = gradients.squareRoot()
        if weights > 0 { measures.update = (changes / weights).squareRoot() }
    }

    /// Joins the planes' means and squares (Chan, Golub & LeVeque, "Algorithms for computing the sample variance", 1983).
    private func measureActivations(of layer: Layer, _ measures: inout LayerMeasures) {
        var (count, sum) = (0.0, 0.0)
        let means = layer.activations.map { state($0.mean) }
        for (activation, means) in zip(layer.activations, means) {
            for mean in means { sum += Double(mean) * Double(activation.count) }
            count += Double(means.count * activation.count)
        }
        guard count > 0 else { return }
        let mean = sum / count
        var (squares, units, deadUnits, flat, flatCount) = (0.0, 0, 0, 0.0, 0.0)
        for (activation, means) in zip(layer.activations, means) {
            for (own, distances) in zip(means, state(activation.squaredDistances)) {
                let distance = Double(own) - mean
                squares += Double(distances) + Double(activation.count) * distance * distance
            }
            if let slope = activation.slope {
                let steepest = steepestOfUnits(slope.state, axis: activation.unitAxis)
                units += steepest.count
                deadUnits += steepest.count { Double($0) <= slope.flatLimit }
            }
            if let saturated = activation.saturated {
                flat += state(saturated).reduce(0) { $0 + Double($1) }
                flatCount += Double(means.count * activation.count)
            }
        }
        (measures.mean, measures.deviation) = (mean, (squares / count).squareRoot())
        if units > 0 { measures.dead = Double(deadUnits) / Double(units) }
        if flatCount > 0 { measures.saturated = flat / flatCount }
    }

    /// The steepest slope of each unit over all pictures.
    private func steepestOfUnits(_ name: String, axis: Int?) -> [Float] {
        let values = state(name)
        guard let axis, let planned = executable.plan.parameters.first(where: { $0.parameter.name == name }) else {
            return [values.reduce(0, Swift.max)]
        }
        let extents = executable.plan.buffers[planned.buffer].extents
        let inner = extents[(axis + 1)...].reduce(1, *)
        var steepest = [Float](repeating: 0, count: extents[axis])
        for (index, value) in values.enumerated() {
            let unit = index / inner % extents[axis]
            // What is no number is not dead.
            steepest[unit] = value.isNaN ? .infinity : Swift.max(steepest[unit], value)
        }
        return steepest
    }
}

extension GradientWatch.Layer {
    var isTrained: Bool { weights.contains(where: \.isTrained) }

    /// The names of what is watched of the layer.
    var quantities: Set<String> {
        var found: [WatchedQuantity] = []
        if !weights.isEmpty { found.append(.weight) }
        if weights.contains(where: { $0.rows != nil }) { found.append(.singular) }
        if isTrained { found += [.gradient, .update] }
        if !activations.isEmpty { found += [.mean, .deviation] }
        if activations.contains(where: { $0.slope != nil }) { found.append(.dead) }
        if activations.contains(where: { $0.saturated != nil }) { found.append(.saturated) }
        return Set(found.map(\.name))
    }
}
