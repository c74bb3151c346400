import Runtime

/// The input of a network that takes pictures, NCHW.
public struct PictureInput: Equatable, Sendable {
    public let name: String
    public let batchSize: Int
    public let extents: ImageExtents

    /// - Parameter others: inputs that take something else, such as targets.
    /// Throws where the network has not one such input.
    public init(of executable: Executable, besides others: Set<String> = []) throws(TrainingError) {
        let plan = executable.plan
        let inputs = plan.inputs.filter { input in
            let buffer = plan.buffers[input.buffer]
            return buffer.element == .f32 && buffer.extents.count == 4 && !others.contains(input.name)
        }
        guard inputs.count == 1, let input = inputs.first else {
            let found = plan.inputs.map { "\($0.name) \(plan.buffers[$0.buffer].extents)" }.joined(separator: ", ")
            throw TrainingError(
                "'\(plan.name)' does not take pictures: its inputs are \(found)", repair: "declare one input f32[N, C, H, W]")
        }
        let shape = plan.buffers[input.buffer].extents
        name = input.name
        batchSize = shape[0]
        extents = ImageExtents(channels: shape[1], height: shape[2], width: shape[3])
    }
}
