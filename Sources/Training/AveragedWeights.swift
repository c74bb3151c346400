import Graph
import Recipes
import Runtime

/// What the clauses `average` and `accumulate` need of a training step.
extension Executable {
    /// The names of the averages of weights, by the weights' names; none before the first update.
    var averages: [String: String] {
        let names = Set(plan.parameters.map(\.parameter.name))
        let count = OptimizerState.averageCount.name(of: "")
        guard names.contains(count), unfailing({ () throws(RuntimeError) in try parameter(count, as: Float.self) }) != [0] else {
            return [:]
        }
        let pairs = names.map { ($0, OptimizerState.movingAverage.name(of: $0)) }
        return Dictionary(uniqueKeysWithValues: pairs.filter { names.contains($0.1) })
    }

    /// Says where the next batch stands in its update, if gradients of several are averaged.
    func setPlace(inUpdate place: (done: Int, count: Int)) {
        guard plan.inputs.contains(where: { $0.name == GradientAccumulation.countInput }) else { return }
        unfailing { () throws(RuntimeError) in
            try setInput(GradientAccumulation.doneInput, to: [Float(place.done)])
            try setInput(GradientAccumulation.countInput, to: [Float(place.count)])
        }
    }
}
