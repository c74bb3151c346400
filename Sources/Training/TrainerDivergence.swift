import Graph
import Interchange
import Runtime

extension Trainer {
    /// Does the steps from where the training stands, up to the one that leaves the finite numbers: whose loss is none, or that leaves a
    /// parameter or an optimizer's state which is none. Runs `program` on what that step began with.
    ///
    /// A training that was resumed from its last checkpoint finds so where it left them. Nothing is written; the parameters are kept twice.
    ///
    /// - Parameters:
    ///   - last: the last step that is looked at, counted from 0; of the epoch in which the training stands.
    ///   - program: takes the inputs of the training step, and has its parameters.
    ///   - shouldStop: asked after each step.
    /// - Returns: the step, counted from 0; nil where none does, or before it was found.
    public func findDivergence(through last: Int, running program: Executable, shouldStop: () -> Bool = { false }) -> Int? {
        let steps = learningRate.stepsPerEpoch
        let start = BatchPosition(epoch: stepsDone / steps, batch: stepsDone % steps)
        let loader = Loader(maker, from: start, epochs: options.epochs)
        var before = Weights.tensors(of: step.executable)
        for number in stepsDone..<max(stepsDone, last + 1) {
            guard let batch = loader.next() else { return nil }
            let (rate, place) = (rate(of: number), learningRate.placeInUpdate(number))
            let result = step.run(batch, rate: rate, seed: options.seed, number: number, place: place)
            let after = Weights.tensors(of: step.executable)
            if !result.loss.isFinite || after.firstNonFinite != nil {
                program.setParameters(from: TensorParameters(before))
                step.give(batch, rate: rate, seed: options.seed, number: number, place: place, to: program)
                program.run()
                return number
            }
            checkpoint.state.step += 1
            before = after
            if shouldStop() { return nil }
        }
        return nil
    }
}

/// Tensors of f32 by their names; all that are asked for are there.
private struct TensorParameters: ParameterSource {
    private let tensors: [String: HostTensor]

    init(_ tensors: [HostTensor]) { self.tensors = Dictionary(tensors.map { ($0.name, $0) }) { first, _ in first } }

    func read(
        _ parameter: Parameter, extents: [Int], granule: Int, _ store: (UnsafeBufferPointer<Float>) -> Void
    ) throws(Never) -> Bool {
        guard let tensor = tensors[parameter.name] else { return false }
        tensor.bytes.withUnsafeBytes { store($0.bindMemory(to: Float.self)) }
        return true
    }
}

extension [HostTensor] {
    /// The first, of f32, that holds an infinity or what is no number, with how many.
    var firstNonFinite: NonFiniteValues? {
        for tensor in self {
            let found = tensor.bytes.withUnsafeBytes { bytes in
                NonFiniteValues(in: bytes.bindMemory(to: Float.self), name: tensor.name, extents: tensor.shape)
            }
            if let found { return found }
        }
        return nil
    }
}
