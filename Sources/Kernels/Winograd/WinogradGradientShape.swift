import Graph
import LoopNest

/// The gradient of a convolution's weights as minimal filtering needs it: of stride 1, not dilated, all operands in blocks of channels.
///
/// `dw[o, i, r, s] = sum over n, y, x of x[n, i, y + r - pad, x + s - pad] * dy[n, o, y, x]`: tiles of `dy` are filters that slide over
/// tiles of `x`, as far as the weight has taps, and all tiles' results are added up, before they are transformed back.
struct WinogradGradientShape {
    let shape: ContractionShape
    let images: Int
    let inputChannels: Int
    let outputChannels: Int
    /// The height and width of `x` and of `dy`.
    let inputExtents: [Int]
    let outputExtents: [Int]
    let taps: [Int]
    let padding: [Int]
    /// How many operations compute an element of `x`, besides those of whole channels: none where it lies in memory.
    let operandOperations: Int

    /// Nil for any other contraction.
    init?(_ shape: ContractionShape, _ group: Group) {
        let graph = group.graph
        let (position, extents) = (shape.broadcast.position, shape.extents)
        func blocks(_ value: Value) -> [Int] { graph.layout(value).blocks.map(\.axis) }
        guard shape.resultRank == 4, extents.count == 7, shape.lane == 0, !shape.isEmpty, position.count == 4,
            shape.vector.position.map(\.singleAxis) == [4, 0, 5, 6], position[0].singleAxis == 4, position[1].singleAxis == 1,
            blocks(shape.broadcast.value) == [1], blocks(shape.vector.value) == [1], blocks(shape.result.value) == [1, 0],
            [shape.broadcast.value, shape.vector.value].allSatisfy({ graph[$0].type.element == .f32 }),
            group.reads.contains(shape.vector.value)
        else { return nil }
        var padding: [Int] = []
        for side in [2, 3] {
            // A side of one tap may be addressed by the point alone.
            let terms = position[side].terms.filter { extents[$0.axis] > 1 || $0.axis == side + 3 }
            guard position[side].divisor == 1, terms.allSatisfy({ $0.scale == 1 && ($0.axis == side || $0.axis == side + 3) }),
                terms.contains(where: { $0.axis == side + 3 })
            else { return nil }
            padding.append(-position[side].offset)
        }
        self.shape = shape
        self.padding = padding
        images = extents[4]
        inputChannels = extents[1]
        outputChannels = extents[0]
        taps = [extents[2], extents[3]]
        outputExtents = [extents[5], extents[6]]
        let operand = graph.extents(shape.broadcast.value)
        inputExtents = [operand[2], operand[3]]
        operandOperations = group.operations(computing: shape.broadcast.value)
    }

    /// How many tiles of a form there are along each side.
    func grid(_ form: WinogradForm) -> [Int] { zip(outputExtents, form.taps).map { ($0 + $1 - 1) / $1 } }
}

/// How the work of such a gradient is cut. It follows from the shape and the form alone: sums depend on it.
struct WinogradGradientCut {
    /// Tiles that are transformed, and added up in registers, at a time; and how many such groups there are.
    let tiles: Int
    let groups: Int
    /// Parts of the groups that are added up apart, and the groups of each but the last, which may have fewer.
    let parts: Int
    let groupsOfPart: Int
    /// The blocks of channels of all, and of a task.
    let inputBlocks: Int
    let outputBlocks: Int
    let taskInputs: Int
    let taskOutputs: Int
    /// What is kept in registers: input channels times blocks of output channels.
    let points: Int
    let laneBlocks: Int

    /// Sums in registers are short, which keeps the error small, and long enough to hide that they join others in memory.
    private static let tilesAtATime = 64
    /// Few tasks would leave cores idle, and many parts need much memory.
    private static let wantedTasks = 16
    private static let mostPartialBytes = 32 << 20

    init(_ problem: WinogradGradientShape, _ form: WinogradForm, _ target: Target) {
        let lanes = target.lanes
        func blocks(_ channels: Int) -> Int { (channels + lanes - 1) / lanes }
        func divisor(of count: Int, atMost most: Int) -> Int { (1...min(count, most)).last { count % $0 == 0 } ?? 1 }
        (inputBlocks, outputBlocks) = (blocks(problem.inputChannels), blocks(problem.outputChannels))
        taskInputs = divisor(of: inputBlocks, atMost: 128 / lanes)
        taskOutputs = divisor(of: outputBlocks, atMost: 256 / lanes)
        let count = problem.images * problem.grid(form).reduce(1, *)
        let groups = (count + Self.tilesAtATime - 1) / Self.tilesAtATime
        tiles = (count + groups - 1) / groups
        self.groups = (count + tiles - 1) / tiles
        let bytes = form.positions * inputBlocks * outputBlocks * lanes * lanes * StoredElement.f32.size
        let tasks = inputBlocks / taskInputs * (outputBlocks / taskOutputs)
        let wanted = max(1, min(Self.wantedTasks / tasks, Self.mostPartialBytes / bytes))
        groupsOfPart = (self.groups + wanted - 1) / wanted
        parts = (self.groups + groupsOfPart - 1) / groupsOfPart
        let registers = target.vectors.registers
        let points = min(lanes, registers >= 32 ? 8 : 4)
        let most = (1...min(3, taskOutputs)).last { RegisterTile.fits(points: points, laneBlocks: $0, registers: registers) } ?? 1
        let even = divisor(of: taskOutputs, atMost: most)
        self.points = points
        laneBlocks = even == 1 ? most : even
    }

    var inputParts: Int { inputBlocks / taskInputs }
    var outputParts: Int { outputBlocks / taskOutputs }
    var tasks: Int { parts * inputParts * outputParts }
}
