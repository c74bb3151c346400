import Graph
import Recipes
import Runtime
import Training

extension Executable {
    /// Fills all inputs with values that depend on the seed and the input's place alone: pictures and the like in -1...1, labels among
    /// the classes that the first output of rank 2 scores, and the given number for a learning rate. Every batch is an update of its own.
    func setSyntheticInputs(learningRate: Float, seed: UInt64 = 0) {
        let classes = plan.outputs.lazy.map { self.plan.buffers[$0.buffer].extents }.first { $0.count == 2 }?[1] ?? 2
        for (index, input) in plan.inputs.enumerated() {
            let buffer = plan.buffers[input.buffer]
            let count = buffer.extents.reduce(1, *)
            var random = CounterGenerator(seed: seed, .inputs, index)
            do {
                switch buffer.element {
                case .i32: try setInput(input.name, to: (0..<count).map { _ in Int32(random.below(classes)) })
                case .f32 where input.name == GradientAccumulation.doneInput: try setInput(input.name, to: [Float(0)])
                case .f32 where input.name == GradientAccumulation.countInput: try setInput(input.name, to: [Float(1)])
                case .f32 where buffer.extents.isEmpty: try setInput(input.name, to: [learningRate])
                case .f32: try setInput(input.name, to: (0..<count).map { _ in random.uniform(-1...1) })
                default: preconditionFailure("inputs hold no \(buffer.element)")
                }
            } catch {
                preconditionFailure("an executable does not know its own plan: \(error)")
            }
        }
    }
}
