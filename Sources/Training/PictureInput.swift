import Runtime

/// The input of a network that takes pictures, NCHW, or its inputs where it compares several.
public struct PictureInput: Equatable, Sendable {
    public let name: String
    /// The inputs behind it that take pictures of the same type, in order.
    public let further: [String]
    public let tuple: PictureTuple
    public let batchSize: Int
    public let extents: ImageExtents

    /// All inputs that take pictures, in order.
    public var names: [String] { [name] + further }

    /// - Parameter others: inputs that take something else, such as targets.
    /// Throws where the network has not one such input, nor two or three of the same type.
    public init(of executable: Executable, besides others: Set<String> = []) throws(TrainingError) {
        let plan = executable.plan
        let inputs = plan.inputs.filter { input in
            let buffer = plan.buffers[input.buffer]
            return buffer.element == .f32 && buffer.extents.count == 4 && !others.contains(input.name)
        }
        let types = inputs.map { plan.buffers[$0.buffer].extents }
        guard let shape = types.first, let tuple = PictureTuple(rawValue: types.count), types.allSatisfy({ $0 == shape }) else {
            let found = plan.inputs.map { "\($0.name) \(plan.buffers[$0.buffer].extents)" }.joined(separator: ", ")
            throw TrainingError(
                "'\(plan.name)' does not take pictures: its inputs are \(found)",
                repair: "declare one input f32[N, C, H, W], or two or three of the same type")
        }
        name = inputs[0].name
        further = inputs.dropFirst().map(\.name)
        self.tuple = tuple
        batchSize = shape[0]
        extents = ImageExtents(channels: shape[1], height: shape[2], width: shape[3])
    }
}
