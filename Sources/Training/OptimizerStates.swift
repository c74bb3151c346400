import Recipes
import Runtime

extension Executable {
    /// The parameters that the training itself has added, by name: what its optimizer keeps of the weights, and averages of them.
    public var optimizerStates: Set<String> {
        let weights = Set(plan.parameters.lazy.filter { $0.parameter.role == .weight }.map(\.parameter.name))
        return Set(
            plan.parameters.lazy.filter { $0.parameter.role == .state && OptimizerState.isName($0.parameter.name, of: weights) }
                .map(\.parameter.name))
    }
}
